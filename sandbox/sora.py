"""The Sora family: a form in, a video object with its progress out, the file by the API itself."""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from PIL import Image

from sandbox.answers import INTERNAL, MODERATED, Answer, RefusedError, error
from sandbox.checks import Order, bad
from sandbox.faults import CLIPLESS, Tags
from sandbox.forms import MEDIA_TYPE, Part, media_type, parts_of, pixels
from sandbox.jobs import Job
from sandbox.relay import blank_first, failure, usage, wrapped
from sandbox.render import open_picture

SIZES = {
    "sora-2": ("720x1280", "1280x720"),
    "sora-2-pro": ("720x1280", "1280x720", "1024x1792", "1792x1024"),
}
MODELS = tuple(SIZES)
SECONDS = ("4", "8", "12")
TEXTS = ("prompt", "model", "seconds", "size")
PICTURE = "input_reference"
PICTURE_TYPES = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
PROMPT_LENGTH = 32_000
KEPT = 3600  # seconds for which a finished video can be downloaded
QUEUED = 0.1  # of the time of work
BLOCKED = "Your request was blocked by our moderation system."
VIOLATION = "content_policy_violation"


class Sora:
    name = "sora"
    models: tuple[str, ...] = MODELS
    owner = "openai"
    has_content = True
    refusals: Mapping[str, Answer] = {
        "moderated400": error(400, BLOCKED, "moderation_blocked"),
        "nested": error(
            400,
            "[OpenAI Vendor Group Key StatusCode: BadRequest] "
            + error(400, BLOCKED, "moderation_blocked").encoded().decode(),
            "bad_request",
            kind="vendor_error",
        ),
    }
    clipless = frozenset(CLIPLESS - {"nourl"})

    def speaks(self, content_type: str) -> bool:
        return content_type.lower().startswith("multipart/")

    def read(self, content_type: str, body: bytes) -> Order:
        return read_order(content_type, body)

    def new_id(self) -> str:
        return f"video_{secrets.token_hex(16)}"

    def has_url(self, tags: Tags) -> bool:
        return bool(LINKED & tags.keys())

    def created(self, job: Job, tags: Tags) -> Answer:
        if "taskid" in tags:
            return Answer(200, {"task_id": job.id, "status": "queued"})
        if "id" in tags:
            return Answer(200, {"id": job.id, "status": "queued"})
        return Answer(202 if "created202" in tags else 200, video(job, "queued"))

    def pending(self, job: Job, tags: Tags, share: float) -> Answer:
        percent = 0 if share < QUEUED else max(1, min(99, int(share * 100)))
        if "empty202" in tags:
            return Answer(202, "")
        if "nostatus" in tags:
            return Answer(200, {"id": job.id})
        status = "in_progress" if percent else "queued"
        told = video(job, "warming_up" if "oddword" in tags else status, percent)
        return Answer(200, told | {"progress": f"{percent}%"} if "progress" in tags else told)

    def ended(self, job: Job, tags: Tags, base: str) -> Answer:
        """Completed, which names no URL, or what a tag asks for."""
        for name in tags:
            if name in ENDS:
                return ENDS[name](job, base)
        return completed(job)


def video(job: Job, status: str, progress: int = 0) -> dict[str, Any]:
    """The video object as OpenAI sends it."""
    width, height = job.size
    return {
        "id": job.id,
        "object": "video",
        "status": status,
        "created_at": int(job.accepted_at),
        "model": job.model,
        "progress": progress,
        "seconds": str(job.duration),
        "size": f"{width}x{height}",
    }


def completed(job: Job, status: int = 200, **more: Any) -> Answer:
    at = int(job.due_at)
    times = {"completed_at": at, "expires_at": at + KEPT}
    return Answer(status, video(job, "completed", 100) | times | more)


def failed(job: Job, code: str, message: str, status: int = 200) -> Answer:
    told = video(job, "failed", 99) | {"error": {"code": code, "message": message}}
    return Answer(status, told)


def price(job: Job) -> float:
    """Dollars, as the price list has it."""
    large = max(job.size) > 1280
    return job.duration * (0.1 if job.model == "sora-2" else 0.5 if large else 0.3)


ENDS: dict[str, Callable[[Job, str], Answer]] = {
    "moderated": lambda job, base: failed(job, VIOLATION, BLOCKED),
    "moderatedurl": lambda job, base: failed(job, VIOLATION, BLOCKED),
    "moderatedtext": lambda job, base: failed(job, VIOLATION, MODERATED),
    "fail": lambda job, base: failed(job, *INTERNAL),
    "failreason": failure,
    "fail400": lambda job, base: failed(job, *INTERNAL, status=400),
    "expired": lambda job, base: Answer(200, video(job, "expired", 100)),
    "done202": lambda job, base: completed(job, 202),
    "completed": lambda job, base: completed(job, video_url=f"{base}{job.path}"),
    "contentlist": lambda job, base: completed(
        job, content=[{"type": "video", "url": f"{base}{job.path}"}]
    ),
    "wrapped": wrapped,
    "relative": lambda job, base: completed(job, url=f"/v1/videos/{job.id}/content"),
    "blanks": lambda job, base: blank_first(completed(job)),
    "usage": lambda job, base: usage(completed(job), price(job)),
}
LINKED = frozenset({"completed", "contentlist", "wrapped"})
"""Ends that name a URL without a key, as some relays do."""


def read_order(content_type: str, body: bytes) -> Order:
    """Check a form strictly. Raises RefusedError."""
    if media_type(content_type) != MEDIA_TYPE:
        message = f"Content-Type must be {MEDIA_TYPE} for {', '.join(MODELS)}"
        raise RefusedError(error(415, message, "unsupported_media_type"))
    texts, picture = read_fields(content_type, body)
    model, prompt = texts.get("model"), texts.get("prompt", "")
    if model not in SIZES:
        raise bad(f"model must be one of {', '.join(MODELS)}", "model", "model_not_found")
    if not prompt.strip():
        raise bad(
            "prompt is required and must not be blank", "prompt", "missing_required_parameter"
        )
    if len(prompt) > PROMPT_LENGTH:
        raise bad(f"prompt is longer than {PROMPT_LENGTH} characters", "prompt")
    seconds = texts.get("seconds", SECONDS[0])
    if seconds not in SECONDS:
        allowed = ", ".join(f"'{value}'" for value in SECONDS)
        message = f"Invalid value: '{seconds}'. Supported seconds are: {allowed}."
        raise bad(message, "seconds", "invalid_value")
    size = texts.get("size", SIZES[model][0])
    if size not in SIZES[model]:
        raise RefusedError(wrong_size(model))
    width, height = (int(side) for side in size.split("x"))
    data = read_picture(picture, (width, height)) if picture else None
    return Order(prompt, int(seconds), (width, height), data, model=model)


def read_fields(content_type: str, body: bytes) -> tuple[dict[str, str], Part | None]:
    """The texts by name, and the picture."""
    try:
        parts = parts_of(content_type, body)
    except ValueError as cause:
        raise bad(f"the form cannot be read: {cause}", code="invalid_form") from cause
    texts: dict[str, str] = {}
    picture: Part | None = None
    for part in parts:
        name = part.name
        if name not in (*TEXTS, PICTURE):
            raise bad(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
        if name in texts or (name == PICTURE and picture):
            raise bad(f"{name} came more than once", name, "duplicate_parameter")
        if (part.file is not None) != (name == PICTURE):
            kind = "a file" if name == PICTURE else "a text without a file name"
            raise bad(f"{name} must be {kind}", name, "invalid_type")
        if name == PICTURE:
            picture = part
            continue
        try:
            texts[name] = part.data.decode()
        except UnicodeDecodeError as cause:
            raise bad(f"{name} must be UTF-8", name) from cause
    return texts, picture


def wrong_size(model: str) -> Answer:
    message = f"Invalid size: value must be one of {', '.join(SIZES[model])}"
    told = {"message": message, "type": "invalid_request_error", "code": "invalid_size"}
    return Answer(400, {"error": told})


def read_picture(part: Part, size: tuple[int, int]) -> bytes:
    """A picture of the type it says, whose pixels are those of the video, as stored and upright."""
    if part.type not in PICTURE_TYPES:
        types = ", ".join(f"'{one}'" for one in PICTURE_TYPES)
        message = f"unsupported mimetype ('{part.type}'). Supported file formats are {types}."
        raise bad(f"Invalid file '{PICTURE}': {message}", PICTURE, "unsupported_file_mimetype")
    data = bytes(part.data)
    shown = pixels(data)
    if shown and shown != size:
        raise mismatch(shown, size)
    try:
        with Image.open(io.BytesIO(data)) as opened:
            kind = opened.format
        upright = open_picture(data).size
    except (OSError, ValueError) as cause:
        message = f"Invalid file '{PICTURE}': it cannot be decoded."
        raise bad(message, PICTURE, "invalid_image") from cause
    if kind != PICTURE_TYPES[part.type]:
        message = f"Invalid file '{PICTURE}': it is {kind}, not {part.type}."
        raise bad(message, PICTURE, "invalid_image")
    if upright != size:
        raise mismatch(upright, size)
    return data


def mismatch(shown: tuple[int, int], size: tuple[int, int]) -> RefusedError:
    (width, height), (across, down) = shown, size
    message = "Inpaint image must match the requested width and height"
    return bad(f"{message}: {width}x{height} is not {across}x{down}", PICTURE, "invalid_image_size")
