"""Brings a finished video, or its poster, to disk: whole, or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from grok_api.answers import kind_by_status, retry_after
from grok_api.documents import Decoded
from grok_api.errors import ERRORS, ApiError, LinkGone, Malformed, TooLarge
from grok_api.outcomes import Kind
from grok_api.transport import Stream, Transport

MAX_BYTES = 200 * 2**20
TIMEOUT = 300.0  # seconds
# A page or an error in place of a video; or one in place of the other.
_NEITHER = ("text/", "application/json", "application/xml", "application/problem")
_EITHER = ("video/", "image/")


@dataclass(frozen=True, slots=True)
class Download:
    """A file that was fetched: where, its size in bytes, its SHA-256 in hex."""

    path: Path
    bytes: int
    sha256: str
    content_type: str | None


def download(
    transport: Transport,
    url: str,
    path: str | os.PathLike[str],
    *,
    of: str = "video/",
    timeout: float = TIMEOUT,
    max_bytes: int = MAX_BYTES,
) -> Download:
    """Fetch `url` to `path` within `timeout` seconds, replacing what is there only when whole.

    `of` is the type wanted, "video/" or "image/"; a server that names none is believed. Raises LinkGone, BlockedAddress, TooLarge, Malformed, ServerError, RateLimited; AuthError and
    NotFound where the key went along; OSError where the disk refuses. Nothing is left behind.
    """
    target = Path(path)
    deadline = time.monotonic() + timeout
    digest, size = hashlib.sha256(), 0
    with _beside(target) as file, transport.fetch(url, deadline) as stream:
        expected = _check(stream, of, max_bytes)
        for chunk in stream.chunks:
            size += len(chunk)
            if size > max_bytes:
                raise _too_large(max_bytes)
            digest.update(chunk)
            file.write(chunk)
        if not size or (expected is not None and size != expected):
            raise Malformed("The video came without its content, or with a part of it only.")
        file.flush()
        os.fsync(file.fileno())
    content_type = stream.headers.get("content-type", "").partition(";")[0].strip() or None
    return Download(target, size, digest.hexdigest(), content_type)


def _check(stream: Stream, of: str, max_bytes: int) -> int | None:
    """Raise for what is not wanted; return the size that is announced, where it is."""
    if stream.status != 200:
        raise _refusal(stream)
    content_type = stream.headers.get("content-type", "").strip().lower()
    others = (*_NEITHER, *(kind for kind in _EITHER if kind != of))
    if content_type.startswith(others):
        raise Malformed("The video's address brings something else.", http_status=200)
    length = stream.headers.get("content-length", "")
    if not length.isdecimal() or "content-encoding" in stream.headers:
        return None
    if len(length) > 15 or int(length) > max_bytes:
        raise _too_large(max_bytes)
    return int(length)


def _refusal(stream: Stream) -> ApiError:
    status = stream.status
    # A store says 400, 401 or 403 to a signature that has run out.
    gone = (404, 410) if stream.keyed else (400, 401, 403, 404, 410)
    kind: Kind = kind_by_status(status, Decoded("json"))
    error = LinkGone if status in gone else ERRORS[kind]
    return error(
        f"The video's address answered HTTP {status}.",
        http_status=status,
        retry_after=retry_after(stream.headers),
    )


def _too_large(max_bytes: int) -> TooLarge:
    return TooLarge(f"The video is larger than {max_bytes / 2**20:g} MiB.", code="too_large")


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[BinaryIO]:
    """Open a temporary file beside `target`, and put it there only if all went well."""
    temporary = target.with_name(f".{target.name[:80]}.{secrets.token_hex(6)}.part")
    try:
        with temporary.open("xb") as file:
            yield file
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    # Not every system can; the file itself is on disk already.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
