"""Finds the fields of a video job in the shapes that gateways give them; any type may stand there."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from grok_api.documents import number, objects, truth

Layers = list[dict[str, object]]

TICKS_PER_DOLLAR = 10_000_000_000
_URL_NAMES = ("video_url", "result_url", "videoUrl", "resultUrl", "download_url", "public_url")
_STILL = re.compile(r"(?i)image|thumb|sprite|poster|cover|audio")
_FLAG_NAMES = ("respect_moderation", "respectModeration")


def respects_moderation(value: object) -> bool | None:
    """Return the moderation flag from wherever it stands; one False outweighs the rest."""
    said = [truth(one[name]) for one in objects(value) for name in _FLAG_NAMES if name in one]
    if False in said:
        return False
    return True if True in said else None


def video_url(found: Layers, base_url: str, *, done: bool) -> str | None:
    """Return the video's absolute address, None where there is none that can be one.

    Only a job that is `done` may have it in a field whose name does not speak of videos.
    """
    for value in _addresses(found, done):
        if (url := absolute(value, base_url)) is not None:
            return url
    return None


def _addresses(found: Layers, done: bool) -> Iterator[object]:
    for layer in found:
        yield from _in_video(layer.get("video"))
        yield from (layer.get(name) for name in _URL_NAMES)
        for name in ("videos", "content", "contents", "outputs", "output", "results", "works"):
            yield from _in_list(layer.get(name), texts=done)
        if done or _plain(layer) or _is_file(layer):
            yield layer.get("url")
            for name in ("metadata", "file_output", "file", "asset"):
                yield from _in_video(layer.get(name))
        if done:
            yield layer.get("fail_reason")
            yield from _in_list(layer.get("data"), texts=True)


def _plain(layer: dict[str, object]) -> bool:
    # An address beside a remark or an id alone may be a link to help, or to the job itself.
    return not any(layer.get(name) for name in ("message", "msg", "error", "id", "request_id"))


def _is_file(layer: dict[str, object]) -> bool:
    said = any(layer.get(name) for name in ("message", "msg", "error"))
    path = str(layer.get("url")).partition("?")[0].lower()
    return not said and path.endswith((".mp4", ".webm", ".mov"))


def _in_video(value: object) -> Iterator[object]:
    if isinstance(value, str):
        yield value
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict):
        yield value.get("url")
        yield from (value.get(name) for name in _URL_NAMES)
        for name in ("file_output", "fileOutput", "video", "file", "metadata"):
            inner = value.get(name)
            if isinstance(inner, dict):
                yield inner.get("url")
                yield from (inner.get(one) for one in (*_URL_NAMES, "publicUrl"))


def _in_list(value: object, *, texts: bool) -> Iterator[object]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str) and texts:
            yield item
        elif isinstance(item, dict) and not _STILL.search(str(item.get("type", ""))):
            yield from _in_video(item.get("video"))
            yield from _in_video(item)


def absolute(value: object, base_url: str) -> str | None:
    """Return an http(s) address with a host, resolved against `base_url`; None for the rest."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    if not text.isprintable() or any(c in text for c in ' \\<>"{}'):
        return None
    try:
        if text.startswith("//"):
            text = f"https:{text}"
        elif not urlsplit(text).scheme and "/" in text:
            text = urljoin(f"{base_url.rstrip('/')}/", text)
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return text if parts.scheme.lower() in ("http", "https") and parts.hostname else None


def progress(found: Layers) -> int | None:
    """Return percent, 0–99, from 30, "30%" or "30"."""
    for layer in found:
        percent = number(layer.get("progress"))
        if percent is not None and percent >= 0:
            return min(int(percent), 99)
    return None


def seconds(found: Layers) -> float | None:
    """Return the clip's length in seconds."""
    for one in _with_video(found):
        for name in ("duration", "seconds", "seconds_length"):
            length = number(one.get(name))
            if length is not None and length > 0:
                return length
    return None


def cost_usd(found: Layers) -> float | None:
    """Return what the job cost, in dollars, from `usage.cost_in_usd_ticks`."""
    for one in _with_video(found):
        usage = one.get("usage")
        ticks = number(usage.get("cost_in_usd_ticks")) if isinstance(usage, dict) else None
        if ticks is not None and ticks >= 0:
            return ticks / TICKS_PER_DOLLAR
    return None


def expires_at(found: Layers) -> float | None:
    """Return when the address dies, in Unix seconds, from a number or an ISO 8601 time."""
    for one in _with_video(found):
        value = one.get("expires_at")
        moment = number(value)
        if moment is None and isinstance(value, str):
            try:
                parsed = datetime.datetime.fromisoformat(value)
                moment = parsed.replace(tzinfo=parsed.tzinfo or datetime.UTC).timestamp()
            except (ValueError, OverflowError):
                continue
        # Between 2001 and 2286; anything else is no time in Unix seconds.
        if moment is not None and 1e9 < moment < 1e10:
            return moment
    return None


def echoes(found: Layers) -> list[str]:
    """Return the prompts that the answer repeats."""
    said = (layer.get("prompt") for layer in found)
    return [prompt for prompt in said if isinstance(prompt, str)]


def _with_video(found: Layers) -> Iterator[dict[str, object]]:
    for layer in found:
        video = layer.get("video")
        if isinstance(video, dict):
            yield video
        yield layer
