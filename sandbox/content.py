"""`/v1/videos/{id}/content`: the file from the API itself, for whoever has the key."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from sandbox.answers import NOT_FOUND, error
from sandbox.cdn import Cdn
from sandbox.families import FAMILIES
from sandbox.jobs import Call
from sandbox.stills import spritesheet, thumbnail
from sandbox.wire import fingerprint, key_refusal, response, token

STILLS = {"thumbnail": (thumbnail, "image/webp"), "spritesheet": (spritesheet, "image/jpeg")}
VARIANTS = ("video", *STILLS)
NOT_READY = error(
    404,
    "Video is not ready yet, use GET /v1/videos/{video_id} to check status.",
    "video_not_ready",
)
LOST = error(404, "The content of this video is no longer available.", "content_not_found")


class Content:
    def __init__(self, cdn: Cdn):
        self.cdn, self.gateway, self.book = cdn, cdn.gateway, cdn.book

    async def send(self, request: Request) -> Response:
        """The video, whole or by Range, or a still of it; 404 while there is none."""
        options = self.gateway.options
        await asyncio.sleep(options.latency)
        variant = request.query_params.get("variant", "video")
        key = fingerprint(token(request))
        call = Call(kind(request.method, variant), "refused", 0, time.time(), key=key)
        if refusal := key_refusal(token(request), options.key):
            return self.gateway.noted(call, refusal)
        job = self.book.job(id=request.path_params["id"])
        if job is None or not FAMILIES[job.family].has_content:
            return self.gateway.noted(replace(call, result="unknown"), NOT_FOUND)
        call = replace(call, job=job.id)
        if variant not in VARIANTS:
            message = f"variant must be one of {', '.join(VARIANTS)}"
            return self.gateway.noted(call, error(400, message, "invalid_value", param="variant"))
        if not self.cdn.is_there(job):
            return self.gateway.noted(replace(call, result="early"), NOT_READY)
        call = replace(call, result="sent", status=200)
        if variant == "video":
            return await self.cdn.deliver(job, call, LOST, {"Cache-Control": "private"})
        path = None if "lost" in self.gateway.tags(job.prompt) else await self.cdn.file(job)
        if path is None:
            self.book.note(replace(call, result="lost", status=404))
            return response(LOST)
        make, media_type = STILLS[variant]
        still = await asyncio.to_thread(make, path)
        self.book.note(call)
        return Response(still, media_type=media_type, headers={"Cache-Control": "private"})


def kind(method: str, variant: str) -> str:
    """What such a call is counted as."""
    if method != "GET":
        return "head"
    return variant if variant in STILLS else "download"
