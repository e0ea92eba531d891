"""Makes a document of an answer's bytes, whatever they are, and finds its way around in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

# Where relays wrap the job that is meant.
WRAPPERS = ("data", "result", "response", "task", "output", "body")
# Fields that repeat what the person sent: never searched, never taken for the gateway's words.
ECHOES = frozenset({"prompt", "input", "request", "params", "parameters", "image", "messages"})
MAX_DEPTH = 12


@dataclass(frozen=True, slots=True)
class Decoded:
    """An answer's body: a JSON value, or text, or a page, or nothing."""

    form: Literal["json", "text", "html", "empty"]
    value: object = None
    text: str = ""


def decode(body: bytes) -> Decoded:
    """Decode a body; never raises. Blanks and a byte order mark may come first."""
    text = body.decode(json.detect_encoding(body), "replace").strip("\ufeff \t\r\n\x00")
    if not text:
        return Decoded("empty")
    try:
        return Decoded("json", unfold(parse(text)))
    except (ValueError, RecursionError):
        pass
    if text.startswith("<") or "<html" in text[:2000].lower():
        return Decoded("html", text=text)
    return Decoded("text", text=text)


def parse(text: str) -> object:
    """Parse JSON, or a JSON object that something follows. Raises ValueError, RecursionError."""
    decoder = json.JSONDecoder(parse_int=_integer)
    value, end = decoder.raw_decode(text)
    if end < len(text.rstrip()) and not isinstance(value, dict):
        raise ValueError("more than one JSON value")
    return value


def _integer(digits: str) -> int | float:
    # Python refuses very long integers; as a float they are merely infinite.
    return int(digits) if len(digits) < 20 else float(digits)


def unfold(value: object, depth: int = 0) -> object:
    """Return `value` with JSON that is nested as a string put in the string's place."""
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, str):
        text = value.strip()
        if text[:1] not in ("{", "["):
            return value
        try:
            inner = parse(text)
        except (ValueError, RecursionError):
            return value
        return unfold(inner, depth + 1)
    if isinstance(value, dict):
        return {k: v if k in ECHOES else unfold(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list):
        return [unfold(item, depth + 1) for item in value]
    return value


def layers(value: object) -> list[dict[str, object]]:
    """Return the objects that may describe the job, the outermost first."""
    found: list[dict[str, object]] = []
    level: list[object] = [value]
    for _ in range(MAX_DEPTH):
        objects = [one for item in level if (one := _single(item)) is not None]
        found += objects
        level = [one[name] for one in objects for name in WRAPPERS if name in one]
    return found


def _single(value: object) -> dict[str, object] | None:
    # A list of one is a wrapping as well; a longer one does not say which job is meant.
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, dict) else None


def objects(value: object) -> Iterator[dict[str, object]]:
    """Yield every object in `value`, echoes of the request left out, the outermost first."""
    level = [value]
    while level:
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                yield item
                inner += [child for name, child in item.items() if name not in ECHOES]
            elif isinstance(item, list):
                inner += item
        level = inner


def number(value: object) -> float | None:
    """Return a finite number given as a number or as a string such as "6", "6s", "30%"."""
    if isinstance(value, str):
        found = re.fullmatch(r"\s*(-?\d{1,18}(?:\.\d{1,9})?)\s*(?:%|s|sec|seconds)?\s*", value)
        return float(found[1]) if found else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # NaN is unlike itself, and infinity is beyond the bound.
    return float(value) if value == value and abs(value) < 1e18 else None


def truth(value: object) -> bool | None:
    """Read a boolean strictly, in its many spellings; None where it says neither."""
    if isinstance(value, str):
        value = value.strip().lower()
        if value in ("false", "0", "no"):
            return False
        return True if value in ("true", "1", "yes") else None
    if isinstance(value, bool | int | float) and value in (0, 1):
        return bool(value)
    return None


def identifier(value: object) -> str | None:
    """Return a job's id given as a string or a whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None
    value = value.strip()
    return value if is_identifier(value) else None


def is_identifier(text: str) -> bool:
    """Say whether `text` can be a job's id: visible ASCII that stays one segment of a path."""
    return re.fullmatch(r"[\x21-\x7e]{1,512}", text) is not None and text not in (".", "..")
