"""Checks the picture of a request, and makes a data URI of a picture's bytes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from grok_api.errors import InvalidRequest
from grok_api.limits import Limits
from grok_api.pixels import pixels

_SIGNATURES: Mapping[str, Callable[[bytes], bool]] = {
    "image/png": lambda data: data.startswith(b"\x89PNG\r\n\x1a\n"),
    "image/jpeg": lambda data: data.startswith(b"\xff\xd8\xff"),
    "image/webp": lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP",
}
MAX_URL = 2048  # characters


def check_image(image: object, limits: Limits, resolution: str) -> None:
    """Raise InvalidRequest unless it is a good data URI, or an https URL where those are taken.

    `bad_image` has a `values["reason"]`, one of not_text, not_https, no_host, credentials,
    bad_url, bad_type, bad_base64, not_a_picture, too_large. `image_must_be_uploaded` is a URL
    that the model does not fetch; `image_wrong_size` has width, height and needed ("1280x720").
    """
    if not isinstance(image, str):
        raise _bad("not_text", "The image must be a URL or a data URI.")
    if image[:5].lower() == "data:":
        mime, data = decode_data_uri(image, limits)
        if limits.image_exact_size:
            _check_size(mime, data, resolution)
    elif limits.image_urls:
        _check_url(image)
    else:
        raise InvalidRequest(
            f"{limits.title} fetches no pictures: give the file itself, as a data URI.",
            field="image",
            code="image_must_be_uploaded",
        )


def decode_data_uri(uri: str, limits: Limits) -> tuple[str, bytes]:
    """Return the MIME type and the bytes of a base64 picture; raise InvalidRequest bad_image."""
    head, _, payload = uri.partition(",")
    mime = head[5:].removesuffix(";base64")
    if mime not in limits.image_types or not head.endswith(";base64"):
        raise _bad("bad_type", "The image must be PNG, JPEG or WebP.", allowed=limits.image_types)
    # A cheap bound first, so that nothing huge is decoded only to be refused.
    size = len(payload) * 3 // 4
    if size > limits.image_bytes + 2:
        raise _too_large(size, limits)
    try:
        data = base64.b64decode(payload, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        raise _bad("bad_base64", "The image's base64 cannot be decoded.")
    if len(data) > limits.image_bytes:
        raise _too_large(len(data), limits)
    if not _SIGNATURES[mime](data):
        raise _bad("not_a_picture", f"The image's content is not {mime}.")
    return mime, data


def data_uri(data: bytes) -> str:
    """Return PNG, JPEG or WebP bytes as a data URI; raise InvalidRequest bad_image for others."""
    for mime, matches in _SIGNATURES.items():
        if matches(data):
            return f"data:{mime};base64,{base64.b64encode(data).decode()}"
    raise _bad("bad_type", "The image must be PNG, JPEG or WebP.", allowed=tuple(_SIGNATURES))


def _check_size(mime: str, data: bytes, needed: str) -> None:
    found = pixels(data)
    if found is None:
        raise _bad("not_a_picture", f"The image's content is not {mime}.")
    width, height = found
    if f"{width}x{height}" != needed:
        raise InvalidRequest(
            f"The image has {width}x{height} pixels; exactly {needed} are needed.",
            field="image",
            code="image_wrong_size",
            values={"width": width, "height": height, "needed": needed},
        )


def _check_url(url: str) -> None:
    if len(url) > MAX_URL or not url.isprintable() or " " in url or "\\" in url:
        raise _bad("bad_url", "The image's address is not a URL.")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _bad("bad_url", "The image's address is not a URL.") from None
    if parts.scheme != "https":
        raise _bad("not_https", "The image's address must begin with https://.")
    if not host:
        raise _bad("no_host", "The image's address names no host.")
    if "@" in parts.netloc:
        raise _bad("credentials", "The image's address must not hold a user name or password.")


def _too_large(size: int, limits: Limits) -> InvalidRequest:
    mib = limits.image_bytes / 2**20
    text = f"The image is larger than {mib:g} MiB."
    return _bad("too_large", text, actual=size, limit=limits.image_bytes)


def _bad(reason: str, message: str, **values: object) -> InvalidRequest:
    return InvalidRequest(
        message, field="image", code="bad_image", values={"reason": reason, **values}
    )
