"""Downloads by URL. No key is needed here, and one that arrives is a client's mistake."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from sandbox.answers import PAGE, Answer, error
from sandbox.families import FAMILIES
from sandbox.faults import ALWAYS
from sandbox.gateway import Gateway
from sandbox.jobs import Call, Job
from sandbox.wire import Cut, fingerprint, response, token

VIDEO = "video/mp4"
SPOILS = ("gone", "badclip", "cutclip", "cutlink")
NOWHERE = Answer(404, "404 page not found", media_type="text/plain; charset=utf-8")
CACHED = {"Cache-Control": "public, max-age=60"}


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
        if job is None or not self.is_there(job) or not self.has_url(job):
            return self.not_found(call, "unknown", NOWHERE)
        return await self.deliver(job, call, NOWHERE, CACHED)

    async def deliver(
        self, job: Job, call: Call, missing: Answer, headers: Mapping[str, str]
    ) -> Response:
        """The clip of a job that has one, or what a tag asks for instead."""
        tags = self.gateway.tags(job.prompt)
        fault = self.fault(job) if call.kind == "download" else ""
        if fault in ("gone", "lost"):
            return self.not_found(call, fault, missing)
        if fault == "badclip":
            self.book.note(replace(call, result=fault))
            return Response(PAGE, media_type="text/html; charset=utf-8")
        path = await self.file(job)
        if path is None:
            return self.not_found(call, "unknown", missing)
        self.book.note(replace(call, result=fault or "sent"))
        if fault:
            whole = await asyncio.to_thread(path.read_bytes)
            half = whole[: len(whole) // 2]
            return Cut(half, len(whole)) if fault == "cutlink" else Response(half, media_type=VIDEO)
        await asyncio.sleep(tags.get("slowclip", 0))
        return FileResponse(path, media_type=VIDEO, headers=headers)

    async def file(self, job: Job) -> Path | None:
        """The clip, once it is rendered; None when it was cleared in the meantime."""
        try:
            return await asyncio.wrap_future(self.gateway.studio.order(job, urgent=True))
        except FileNotFoundError:
            return None

    def is_there(self, job: Job) -> bool:
        forever = "forever" in self.gateway.tags(job.prompt)
        return time.time() >= job.due_at and not forever and self.gateway.has_clip(job)

    def has_url(self, job: Job) -> bool:
        return FAMILIES[job.family].has_url(self.gateway.tags(job.prompt))

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

    def not_found(self, call: Call, result: str, answer: Answer) -> Response:
        self.book.note(replace(call, result=result, status=answer.status))
        return response(answer)
