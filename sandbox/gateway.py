"""Creates and polls, over jobs kept on disk. Which model family answers is decided per call."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from dataclasses import replace
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.answers import (
    BAD_GATEWAY,
    HICCUPS,
    NOT_FOUND,
    Answer,
    RefusedError,
    error,
    fault_answer,
    no_channel,
)
from sandbox.checks import Order
from sandbox.families import FAMILIES, MODELS, Family, family_of, model_named
from sandbox.faults import REFUSING, Tags, tags_in
from sandbox.jobs import Book, Call, Job
from sandbox.options import Options
from sandbox.studio import Studio
from sandbox.wire import Cut, fingerprint, key_refusal, read_body, response, token

POLLING = {*HICCUPS, "polldrop"}


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
        if self.has_clip(job):
            self.studio.order(job)

    def has_clip(self, job: Job) -> bool:
        """Whether there is a file in the end."""
        return not FAMILIES[job.family].clipless & self.tags(job.prompt).keys()

    async def create(self, request: Request) -> Response:
        """Accept a job, or refuse it. An accepted one is on the disk before it is answered."""
        await asyncio.sleep(self.options.latency)
        body, too_long = await read_body(request, self.options.body_limit)
        key = fingerprint(token(request))
        kind = request.headers.get("content-type", "")
        call = Call("create", "refused", 0, time.time(), body=body, key=key, content_type=kind)
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
            answer = family.refusals.get(fault) or fault_answer(fault, order.model)
            return self.noted(replace(call, result=fault), answer)
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
        model = await asyncio.to_thread(model_named, content_type, body)
        if model in MODELS and model not in self.options.models:
            raise RefusedError(no_channel(model))
        family = family_of(model, content_type)
        return family, await asyncio.to_thread(family.read, content_type, body)

    def refusal(self, prompt: str, path: str) -> str:
        """The name of the fault that refuses this create, if any."""
        tags = self.tags(prompt)
        old_path = path.endswith("/generations")
        if old_path != ("nopath" in tags):
            return "nopath"
        for name, number in tags.items():
            if name == "nopath" or name not in REFUSING:
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
            model=order.model,
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
            if name not in POLLING or self.book.times(job.id, "poll", name) >= number:
                continue
            if name == "polldrop":
                self.book.note(replace(call, result=name))
                return Cut()
            return self.noted(replace(call, result=name), fault_answer(name, job.model))
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
        data = [
            {"id": name, "object": "model", "created": 1626777600, "owned_by": family.owner}
            for family in FAMILIES.values()
            for name in family.models
            if name in self.options.models
        ]
        return JSONResponse({"success": True, "object": "list", "data": data})
