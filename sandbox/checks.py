"""What the document allows in a request for grok-imagine-video; anything else is refused."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sandbox.answers import RefusedError, error
from sandbox.render import RATIOS, SHORT_SIDES, open_picture, size_for, size_of_shape

MODEL = "grok-imagine-video"
FIELDS = ("model", "prompt", "duration", "resolution", "aspect_ratio", "image")
PROMPT_BYTES = 4096
PICTURE_BYTES = 10 * 1024 * 1024
FETCH_SECONDS = 5
DATA_URI = re.compile(r"data:image/(png|jpe?g|webp);base64,(.*)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Order:
    """A request that passed: what to make."""

    prompt: str
    duration: int
    size: tuple[int, int]
    picture: bytes | None = None
    picture_host: str = ""
    model: str = MODEL


def bad(message: str, param: str | None = None, code: str = "invalid_request") -> RefusedError:
    return RefusedError(error(400, message, code, param=param))


def read_order(content_type: str, body: bytes) -> Order:
    """Check a body as strictly as the document reads. Raises RefusedError; may fetch from loopback."""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise RefusedError(
            error(415, "Content-Type must be application/json", "unsupported_media_type")
        )
    fields = read_object(body)
    for name in fields:
        if name not in FIELDS:
            raise bad(f"unknown field: {name}", name, "unknown_parameter")
    if fields.get("model") != MODEL:
        raise bad(f"model must be {MODEL}", "model", "model_not_found")
    prompt = read_prompt(fields.get("prompt"))
    duration = fields.get("duration", 6)
    if type(duration) is not int or not 1 <= duration <= 15:
        raise bad("duration must be an integer from 1 to 15", "duration")
    resolution = one_of(fields, "resolution", tuple(SHORT_SIDES), "480p")
    ratio = one_of(fields, "aspect_ratio", RATIOS, None)
    picture, host = read_image(fields["image"]) if "image" in fields else (None, "")
    size = size_for(resolution or "480p", ratio or "16:9")
    if picture and not ratio:  # a picture keeps its own shape unless a ratio is asked for
        width, height = decode(picture)
        size = size_of_shape(resolution or "480p", width / height)
    return Order(prompt, duration, size, picture, host)


def read_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as cause:
        raise bad(f"the body is not valid JSON: {cause}", code="invalid_json") from cause
    if not isinstance(value, dict):
        raise bad("the body must be a JSON object", code="invalid_json")
    return value


def read_prompt(prompt: object) -> str:
    if not isinstance(prompt, str) or not prompt.strip():
        raise bad("prompt is required and must be a string that is not blank", "prompt")
    try:
        size = len(prompt.encode())
    except UnicodeEncodeError as cause:
        raise bad("prompt must be valid Unicode", "prompt") from cause
    if size > PROMPT_BYTES:
        raise bad(f"prompt has {size} bytes of UTF-8, at most {PROMPT_BYTES} are allowed", "prompt")
    return prompt


def one_of(
    fields: dict[str, Any], name: str, allowed: tuple[str, ...], default: str | None
) -> str | None:
    if name not in fields:
        return default
    value = fields[name]
    if not isinstance(value, str) or value not in allowed:
        raise bad(f"{name} must be one of {', '.join(allowed)}", name)
    return value


def read_image(image: object) -> tuple[bytes | None, str]:
    """The picture's bytes, or the host that it lies on when it is not ours to fetch."""
    if not isinstance(image, dict):
        raise bad("image must be an object with a url", "image")
    for name in image:
        if name != "url":
            raise bad(f"unknown field: image.{name}", f"image.{name}", "unknown_parameter")
    url = image.get("url")
    if not isinstance(url, str) or not url:
        raise bad("image.url is required and must be a string", "image.url")
    if url[:5].lower() == "data:":
        return read_data_uri(url), ""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as cause:
        raise bad("image.url is not a URL", "image.url") from cause
    if host and parts.scheme == "https":
        return None, host
    if host and parts.scheme == "http" and is_loopback(host):
        return fetched(url), ""
    raise bad("image.url must be an https URL or a data:image/…;base64 URI", "image.url")


def read_data_uri(url: str) -> bytes:
    match = DATA_URI.fullmatch(url)
    if not match:
        raise bad("a data URI must be data:image/png, jpeg or webp with ;base64", "image.url")
    try:
        data = base64.b64decode(match[2], validate=True)
    except (binascii.Error, ValueError) as cause:
        raise bad("the data URI is not valid base64", "image.url") from cause
    if len(data) > PICTURE_BYTES:
        raise bad(
            f"the picture has more than {PICTURE_BYTES} bytes", "image.url", "image_too_large"
        )
    decode(data)
    return data


def decode(data: bytes) -> tuple[int, int]:
    try:
        return open_picture(data).size
    except (OSError, ValueError) as cause:
        raise bad("the picture cannot be decoded", "image.url", "invalid_image") from cause


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect could lead away from this machine."""

    def redirect_request(self, *args: Any) -> None:
        return None


def fetched(url: str) -> bytes:
    """Fetch from this machine, as the real service fetches: five seconds, ten megabytes."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect)
    try:
        with opener.open(url, timeout=FETCH_SECONDS) as answer:
            data: bytes = answer.read(PICTURE_BYTES + 1)
    except (OSError, ValueError) as cause:
        raise bad(
            "the picture at image.url could not be fetched", "image.url", "image_fetch"
        ) from cause
    if len(data) > PICTURE_BYTES:
        raise bad(
            f"the picture has more than {PICTURE_BYTES} bytes", "image.url", "image_too_large"
        )
    decode(data)
    return data
