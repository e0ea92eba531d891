"""Creates and polls, over jobs kept on disk. Which model family answers is decided per call."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.answers import BAD_GATEWAY, HICCUPS, NOT_FOUND, REFUSALS, Answer, RefusedError, error
from sandbox.checks import Order
from sandbox.faults import CLIPLESS, Tags, tags_in
from sandbox.grok import Grok
from sandbox.jobs import Book, Call, Job
from sandbox.options import Options
from sandbox.studio import Studio
from sandbox.wire import Cut, fingerprint, key_refusal, read_body, response, token


class Family(Protocol):
    """One model family's way to speak. Another one is a module with such a class, listed below;
    routes of its own (`/v1/videos/{id}/content`, say) go into `sandbox.app`."""

    name: str
    models: tuple[str, ...]

    def speaks(self, content_type: str) -> bool: ...
    def read(self, content_type: str, body: bytes) -> Order: ...
    def new_id(self) -> str: ...
    def created(self, job: Job, tags: Tags) -> Answer: ...
    def pending(self, job: Job, tags: Tags, share: float) -> Answer: ...
    def ended(self, job: Job, tags: Tags, base: str) -> Answer: ...


FAMILIES: dict[str, Family] = {family.name: family for family in (Grok(),)}


class Gateway:
    """The API as its clients see it; `options` may be replaced while it runs."""

    def __init__(self, options: Options, folder: Path):
        self.options = options
        self.dice = random.Random(options.seed)  # noqa: S311 - chooses how long work takes
        folder.mkdir(parents=True, exist_ok=True)
        self.book = Book(folder / "sandbox.db")
        self.studio = Studio(folder / "clips", options.shared_clips)
        for job in self.book.jobs():
            if job.due_at > time.time():
                self.make_clip(job)

    def tags(self, prompt: str) -> Tags:
        return self.options.faults | tags_in(prompt)

    def make_clip(self, job: Job) -> None:
        if not CLIPLESS & self.tags(job.prompt).keys():
            self.studio.order(job)

    async def create(self, request: Request) -> Response:
        """Accept a job, or refuse it. An accepted one is on the disk before it is answered."""
        await asyncio.sleep(self.options.latency)
        body, too_long = await read_body(request, self.options.body_limit)
        key = fingerprint(token(request))
        call = Call("create", "refused", 0, time.time(), body=body, key=key)
        try:
            family, order = await self.read_order(request, body, too_long)
        except RefusedError as refused:
            return self.noted(call, refused.answer)
        call = replace(call, prompt=order.prompt)
        fault = self.refusal(order.prompt, request.url.path)
        if fault == "dropfirst":
            self.book.note(replace(call, result=fault))
            return Cut()
        if fault:
            return self.noted(replace(call, result=fault), REFUSALS[fault])
        return await self.accept(family, order, call)

    def noted(self, call: Call, answer: Answer) -> Response:
        self.book.note(replace(call, status=answer.status))
        return response(answer)

    async def read_order(
        self, request: Request, body: bytes, too_long: bool
    ) -> tuple[Family, Order]:
        if too_long:
            raise RefusedError(error(413, "request body too large", "request_too_large"))
        if refusal := key_refusal(token(request), self.options.key):
            raise RefusedError(refusal)
        content_type = request.headers.get("content-type", "")
        for family in FAMILIES.values():
            if family.speaks(content_type):
                return family, await asyncio.to_thread(family.read, content_type, body)
        raise RefusedError(error(415, "unsupported content type", "unsupported_media_type"))

    def refusal(self, prompt: str, path: str) -> str:
        """The name of the fault that refuses this create, if any."""
        tags = self.tags(prompt)
        old_path = path.endswith("/generations")
        if old_path != ("nopath" in tags):
            return "nopath"
        for name, number in tags.items():
            refuses = name in REFUSALS or name == "dropfirst"
            if name == "nopath" or not refuses:
                continue
            if self.book.refusals(prompt, name) < number:
                return name
        return ""

    async def accept(self, family: Family, order: Order, call: Call) -> Response:
        tags = self.tags(order.prompt)
        seconds = tags.get("seconds", self.dice.uniform(*self.options.seconds))
        job = Job(
            id=family.new_id(),
            family=family.name,
            clip=secrets.token_hex(12),
            prompt=order.prompt,
            duration=order.duration,
            size=order.size,
            accepted_at=call.at,
            due_at=call.at + seconds * tags.get("slow", 1),
            from_picture=bool(order.picture or order.picture_host),
            picture=order.picture,
            picture_host=order.picture_host,
        )
        answer = BAD_GATEWAY if "502after" in tags else family.created(job, tags)
        accepted = replace(call, result="accepted", status=answer.status, job=job.id)
        await asyncio.to_thread(self.book.accept, job, accepted)
        self.make_clip(job)
        if "drop" in tags:
            return Cut()
        await asyncio.sleep(tags.get("slowanswer", 0))
        return response(answer)

    async def poll(self, request: Request) -> Response:
        """Say how a job stands; by the clock, so that a restart changes nothing."""
        await asyncio.sleep(self.options.latency)
        now = time.time()
        call = Call("poll", "refused", 0, now, key=fingerprint(token(request)))
        if refusal := key_refusal(token(request), self.options.key):
            return self.noted(call, refusal)
        job = self.book.job(id=request.path_params["id"])
        if job is None:
            return self.noted(replace(call, result="unknown"), NOT_FOUND)
        call, tags = replace(call, job=job.id), self.tags(job.prompt)
        for name, number in tags.items():
            hiccups = name in HICCUPS or name == "polldrop"
            if not hiccups or self.book.times(job.id, "poll", name) >= number:
                continue
            if name == "polldrop":
                self.book.note(replace(call, result=name))
                return Cut()
            return self.noted(replace(call, result=name), HICCUPS[name])
        family = FAMILIES[job.family]
        if now < job.due_at or "forever" in tags:
            answer = family.pending(job, tags, job.share(now))
            return self.noted(replace(call, result="pending"), answer)
        base = str(request.base_url).rstrip("/")
        return self.noted(replace(call, result="ended"), family.ended(job, tags, base))

    async def models(self, request: Request) -> Response:
        """The models that the key may use, as OpenAI lists them."""
        await asyncio.sleep(self.options.latency)
        call = Call("models", "refused", 0, time.time(), key=fingerprint(token(request)))
        if refusal := key_refusal(token(request), self.options.key):
            return self.noted(call, refusal)
        self.book.note(replace(call, result="sent", status=200))
        names = [name for family in FAMILIES.values() for name in family.models]
        data = [
            {"id": name, "object": "model", "created": 1626777600, "owned_by": "xai"}
            for name in names
        ]
        return JSONResponse({"success": True, "object": "list", "data": data})
