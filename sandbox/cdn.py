"""Downloads. No key is needed here, and one that arrives is a client's mistake."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from sandbox.answers import PAGE, error
from sandbox.faults import ALWAYS, CLIPLESS
from sandbox.gateway import Gateway
from sandbox.jobs import Call, Job
from sandbox.wire import Cut, fingerprint, response, token

VIDEO = "video/mp4"
SPOILS = ("gone", "badclip", "cutclip", "cutlink")


class Cdn:
    def __init__(self, gateway: Gateway):
        self.gateway, self.book = gateway, gateway.book

    async def send(self, request: Request) -> Response:
        """The clip, whole or by Range; or what a tag asks for instead."""
        await asyncio.sleep(self.gateway.options.latency)
        kind = "download" if request.method == "GET" else "head"
        job = self.book.job(clip=request.path_params["name"])
        call = Call(kind, "sent", 200, time.time(), job=job.id if job else None)
        if "authorization" in request.headers:
            key = fingerprint(token(request))
            self.book.note(replace(call, result="authorization", status=400, key=key))
            return response(error(400, "no Authorization header belongs here", "authorization"))
        if job is None or not self.is_there(job):
            return self.not_found(call, "unknown")
        tags = self.gateway.tags(job.prompt)
        fault = self.fault(job) if kind == "download" else ""
        if fault in ("gone", "lost"):
            return self.not_found(call, fault)
        if fault == "badclip":
            self.book.note(replace(call, result=fault))
            return Response(PAGE, media_type="text/html; charset=utf-8")
        promise = self.gateway.studio.order(job, urgent=True)
        try:
            path = await asyncio.wrap_future(promise)
        except FileNotFoundError:  # cleared in the meantime
            return self.not_found(call, "unknown")
        self.book.note(replace(call, result=fault or "sent"))
        if fault:
            whole = await asyncio.to_thread(path.read_bytes)
            half = whole[: len(whole) // 2]
            return Cut(half, len(whole)) if fault == "cutlink" else Response(half, media_type=VIDEO)
        await asyncio.sleep(tags.get("slowclip", 0))
        return FileResponse(path, media_type=VIDEO, headers={"Cache-Control": "public, max-age=60"})

    def is_there(self, job: Job) -> bool:
        tags = self.gateway.tags(job.prompt)
        return time.time() >= job.due_at and "forever" not in tags and not CLIPLESS & tags.keys()

    def fault(self, job: Job) -> str:
        """The name of the fault that meets this download, if any."""
        for name, number in self.gateway.tags(job.prompt).items():
            if name == "lost":
                return name
            if name == "gone" and number == ALWAYS:
                last = self.book.last(job.id, "download", "gone")
                if not last or last > self.book.last(job.id, "poll", "ended"):
                    return name
            elif name in SPOILS and self.book.times(job.id, "download", name) < number:
                return name
        return ""

    def not_found(self, call: Call, result: str) -> Response:
        self.book.note(replace(call, result=result, status=404))
        return PlainTextResponse("404 page not found", 404)
