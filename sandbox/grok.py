"""The Grok family: JSON in, `request_id` out, a public URL at the end."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.answers import INTERNAL, MODERATED, Answer
from sandbox.checks import MODEL, Order, read_order
from sandbox.faults import CLIPLESS, Tags
from sandbox.jobs import Job
from sandbox.relay import blank_first, failure, usage, wrapped

PRICE = {480: 0.05, 720: 0.07}  # dollars a second, by the short side
REJECTED = {"code": "imagine:content-moderated", "error": MODERATED}


class Grok:
    name = "grok"
    models: tuple[str, ...] = (MODEL,)
    owner = "xai"
    has_content = False
    refusals: Mapping[str, Answer] = {
        "moderated400": Answer(400, REJECTED),
        "nested": Answer(
            400, {"code": "fail_to_fetch_task", "message": json.dumps(REJECTED), "data": None}
        ),
    }
    clipless = frozenset(CLIPLESS)

    def speaks(self, content_type: str) -> bool:
        return not content_type.lower().startswith("multipart/")

    def read(self, content_type: str, body: bytes) -> Order:
        return read_order(content_type, body)

    def new_id(self) -> str:
        return f"grok_video_{secrets.token_hex(12)}"

    def has_url(self, tags: Tags) -> bool:
        return True

    def created(self, job: Job, tags: Tags) -> Answer:
        if "id" in tags:
            return Answer(200, {"id": job.id, "status": "queued"})
        if "taskid" in tags:
            return Answer(200, {"task_id": job.id, "status": "queued"})
        return Answer(202 if "created202" in tags else 200, {"request_id": job.id})

    def pending(self, job: Job, tags: Tags, share: float) -> Answer:
        percent = min(99, int(share * 100))
        if "empty202" in tags:
            return Answer(202, "")
        if "progress" in tags:
            return Answer(200, {"status": "pending", "progress": f"{percent}%"})
        if "inprogress" in tags:
            word = "queued" if percent < 20 else "in_progress"
            return Answer(200, {"id": job.id, "status": word, "progress": percent})
        if "nostatus" in tags:
            return Answer(200, {"request_id": job.id})
        if "oddword" in tags:
            return Answer(200, {"request_id": job.id, "status": "warming_up"})
        return Answer(200, {"status": "pending"})

    def ended(self, job: Job, tags: Tags, base: str) -> Answer:
        """The last answer: the document's shape, or one that a tag asks for."""
        for name in tags:
            if name in ENDS:
                return ENDS[name](job, base)
        return done(job, f"{base}{job.path}")


def done(job: Job, url: str | None, *, kept: str = "true", status: int = 200) -> Answer:
    """The document's done shape: no status, duration and respect_moderation as strings."""
    video: dict[str, Any] = {"url": url, "duration": str(job.duration), "respect_moderation": kept}
    if url is None:
        del video["url"]
    return Answer(status, {"model": MODEL, "video": video})


def failed(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"status": "failed", "error": {"code": code, "message": message}})


def completed(job: Job, base: str) -> Answer:
    body = {"id": job.id, "status": "completed", "progress": 100, "model": MODEL}
    return Answer(200, body | {"video_url": f"{base}{job.path}"})


def content_list(job: Job, base: str) -> Answer:
    body = {"id": job.id, "object": "video", "model": MODEL, "status": "completed"}
    return Answer(200, body | {"content": [{"type": "video", "url": f"{base}{job.path}"}]})


def cost(job: Job) -> float:
    """Dollars, as the price list has it."""
    a_second = PRICE[480 if min(job.size) <= 480 else 720]
    return job.duration * a_second + (0.002 if job.from_picture else 0)


ENDS: dict[str, Callable[[Job, str], Answer]] = {
    "moderated": lambda job, base: done(job, None, kept="false"),
    "moderatedurl": lambda job, base: done(job, f"{base}/cdn/withheld.mp4", kept="false"),
    "moderatedtext": lambda job, base: failed(200, "generation_failed", MODERATED),
    "fail": lambda job, base: failed(200, *INTERNAL),
    "failreason": failure,
    "fail400": lambda job, base: failed(400, *INTERNAL),
    "expired": lambda job, base: Answer(200, {"status": "expired"}),
    "nourl": lambda job, base: done(job, None),
    "done202": lambda job, base: done(job, f"{base}{job.path}", status=202),
    "completed": completed,
    "contentlist": content_list,
    "wrapped": wrapped,
    "relative": lambda job, base: done(job, job.path),
    "blanks": lambda job, base: blank_first(done(job, f"{base}{job.path}")),
    "usage": lambda job, base: usage(done(job, f"{base}{job.path}"), cost(job)),
}
