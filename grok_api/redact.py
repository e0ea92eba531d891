"""Takes keys and signed queries out of text that may be shown, logged or stored."""

from __future__ import annotations

import re

MAX_MESSAGE = 500  # characters

_SECRETS = re.compile(r"(?i)\b(bearer\s+)[^\s\"',]{6,}|\b((?:sk|xai)-)[A-Za-z0-9_\-]{6,}")
_QUERY = re.compile(r"(?i)(\bhttps?://[^\s\"'<>?#]*|(?<![^\s\"'(])/[^\s\"'<>?#]*)[?#][^\s\"'<>]+")
_USERINFO = re.compile(r"(?i)(\bhttps?://)[^\s/@\"']+@")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def redact(text: str, limit: int = MAX_MESSAGE) -> str:
    """Return `text` without keys, URL queries and control characters, at most `limit` long."""
    # A cut before the search bounds the work; a secret cut in two is still found at its start.
    text = _CONTROL.sub(" ", text[: 8 * limit])
    text = _SECRETS.sub(lambda found: (found[1] or found[2]) + "…", text)
    text = _USERINFO.sub(r"\1", text)
    text = _QUERY.sub(r"\1?…", text).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"
