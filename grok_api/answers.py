"""Turns a refusal or an unreadable answer into an error: words first, HTTP status last."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from grok_api.complaint import Complaint
from grok_api.documents import Decoded
from grok_api.errors import ERRORS, ApiError
from grok_api.outcomes import Kind
from grok_api.vocabulary import Meaning

MAX_RETRY_AFTER = 86_400.0  # seconds
NO_CHANNEL = "no_channel"
MODEL_NOT_FOUND = "model_not_found"

_KINDS: Mapping[Meaning, Kind] = {
    "banned": "auth_error",
    "no_channel": "server_error",
    "bad_picture": "bad_request",
    "bad_key": "auth_error",
    "money": "quota_error",
    "rate": "rate_limited",
    "money_hint": "quota_error",
    "not_found": "not_found",
    "permission": "auth_error",
    "mistake": "bad_request",
    "generic_mistake": "bad_request",
    "trouble": "server_error",
}
# Statuses that say more than words which merely sound like a mistake or a missing permission.
_TELLING = frozenset({402, 404, 408, 410, 429})
_PASSING = re.compile(r"(?i)try again|retry|later|unavailable|not available|overload|internal|time")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; header names in lower case."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def kind_by_words(
    status: int, decoded: Decoded, said: Complaint, echoes: Iterable[str] = ()
) -> Kind | None:
    """Return what the words say, "moderated" included; None where they say nothing."""
    for meaning in said.meanings(echoes):
        if meaning == "moderated":
            return "moderated"
        if _applies(meaning, status, decoded, said):
            return _KINDS[meaning]
    return None


def _applies(meaning: Meaning, status: int, decoded: Decoded, said: Complaint) -> bool:
    if meaning == "not_found":
        # A model that no channel serves just now; a task is unknown at any status.
        return status < 500 or MODEL_NOT_FOUND not in said.codes
    if meaning == "trouble":
        return status < 400
    if meaning == "permission":
        # As bare text these are a firewall's words, not the gateway's.
        return decoded.form == "json" and status < 500 and status not in _TELLING
    if meaning == "generic_mistake":
        return status < 500 and status not in _TELLING | {401, 403}
    if meaning == "mistake":
        if status >= 500:
            return not _PASSING.search(said.message)
        return status not in _TELLING | {401, 403}
    return True


def kind_by_status(status: int, decoded: Decoded) -> Kind:
    """Return the kind of an error that no words explain."""
    if status == 403:
        return "auth_error" if decoded.form == "json" else "server_error"
    fixed: Mapping[int, Kind] = {
        401: "auth_error",
        402: "quota_error",
        404: "not_found",
        407: "server_error",
        408: "server_error",
        410: "not_found",
        429: "rate_limited",
        499: "server_error",
    }
    if status in fixed:
        return fixed[status]
    if 400 <= status < 500:
        return "bad_request"
    if 500 <= status < 600:
        return "server_error"
    return "malformed" if 200 <= status < 400 else "unknown"


def failure(kind: Kind, answer: Answer, said: Complaint, *, creating: bool) -> ApiError:
    """Return the error for an answer that is no outcome."""
    no_channel = kind == "server_error" and "no_channel" in said.meanings()
    message = said.message or f"The API answered HTTP {answer.status} without an explanation."
    return ERRORS[kind](
        message,
        http_status=answer.status,
        retry_after=retry_after(answer.headers),
        code=NO_CHANNEL if no_channel else said.code,
        ambiguous=creating and _may_be_accepted(kind, answer.status, said, no_channel),
    )


def _may_be_accepted(kind: Kind, status: int, said: Complaint, no_channel: bool) -> bool:
    if kind in ("malformed", "unknown"):
        return True
    if kind != "server_error" or no_channel:
        return False
    refused = MODEL_NOT_FOUND in said.codes or "api_not_implemented" in said.codes
    # 501 is "not implemented"; a 4xx is a refusal, but for those that mean "took too long".
    return not (refused or status == 501 or (400 <= status < 500 and status not in (408, 499)))


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Return the seconds to wait from Retry-After, given as seconds or as an HTTP date."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value).timestamp()
        except (ValueError, TypeError, OverflowError, IndexError):
            return None
        seconds = moment - (time.time() if now is None else now)
        return min(max(seconds, 0.0), MAX_RETRY_AFTER)
    if not math.isfinite(seconds) or seconds < 0:
        return None
    return min(seconds, MAX_RETRY_AFTER)
