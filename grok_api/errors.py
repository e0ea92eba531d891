"""The errors, grouped by what the caller can do about them.

ApiError
├── AuthError            fix the key, or its permissions
├── QuotaError           pay
├── RateLimited          wait `retry_after` seconds
├── BadRequest           change the request
│   ├── InvalidRequest   found before anything was sent
│   ├── BlockedAddress   a link that leads where no download may go
│   └── TooLarge         a video over the limit
├── NotFound             unknown task, model or address
│   ├── LinkGone         the video's link no longer works
│   └── NoVideo          the job has no video to fetch (see `.outcome`)
├── ServerError          passing: try later
│   ├── NotSent          proof that nothing was sent
│   └── ConnectionLost   the line broke, or time ran out, after sending began
├── Malformed            an answer that cannot be read
└── UnknownAnswer        a status that HTTP does not have
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from grok_api.outcomes import Kind, Outcome
from grok_api.redact import redact


class ApiError(Exception):
    """A call that brought no outcome.

    `message` is redacted, at most 500 characters; `http_status` is None without an answer;
    `retry_after` is seconds. `sent`: the request may have reached the gateway.
    `ambiguous` matters for `create`: the gateway may have accepted, and billed, the job, so
    that it must never be repeated by a machine. It is False where the answer refuses in words
    or nothing was sent, and always for calls that change nothing.
    """

    kind: ClassVar[Kind] = "unknown"

    def __init__(
        self,
        message: str = "",
        *,
        http_status: int | None = None,
        retry_after: float | None = None,
        code: str | None = None,
        sent: bool = True,
        ambiguous: bool = False,
    ) -> None:
        self.message = redact(message)
        super().__init__(self.message)
        self.http_status = http_status
        self.retry_after = retry_after
        self.code = code
        self.sent = sent
        self.ambiguous = ambiguous


class AuthError(ApiError):
    """The key is wrong, expired, or lacks a permission."""

    kind = "auth_error"


class QuotaError(ApiError):
    """There is no money, or a spending limit was reached."""

    kind = "quota_error"


class RateLimited(ApiError):
    """Too fast; nothing was accepted."""

    kind = "rate_limited"


class BadRequest(ApiError):
    """The request, as it stands, will never be accepted."""

    kind = "bad_request"


class InvalidRequest(BadRequest):
    """A mistake found before sending.

    `field` names the request's field, `code` the mistake (such as `prompt_too_long`), `values`
    holds the figures for a sentence in any language (such as `limit` and `actual`).
    """

    def __init__(
        self,
        message: str = "",
        *,
        field: str = "",
        code: str = "",
        values: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message, code=code, sent=False)
        self.field = field
        self.values = dict(values or {})


class BlockedAddress(BadRequest):
    """A link to a private, local or otherwise refused address; nothing was sent to it."""


class TooLarge(BadRequest):
    """A video larger than the limit; what had come was thrown away."""


class NotFound(ApiError):
    """The task, the model or the address is unknown."""

    kind = "not_found"


class LinkGone(NotFound):
    """The video's link is refused or gone; asking for the job again may give a new one."""


class NoVideo(NotFound):
    """The job has no video to fetch; `outcome` says why."""

    def __init__(self, message: str = "", *, outcome: Outcome | None = None) -> None:
        super().__init__(message)
        self.outcome = outcome


class ServerError(ApiError):
    """The gateway, or the way to it, is out of order."""

    kind = "server_error"


class NotSent(ServerError):
    """No name, no connection or no TLS: the request never left."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message, sent=False)


class ConnectionLost(ServerError):
    """The connection broke, or time ran out, after it stood."""


class Malformed(ApiError):
    """An answer that is not what the API speaks."""

    kind = "malformed"


class UnknownAnswer(ApiError):
    """An answer nobody has seen before."""


ERRORS: Mapping[Kind, type[ApiError]] = {
    "auth_error": AuthError,
    "quota_error": QuotaError,
    "rate_limited": RateLimited,
    "bad_request": BadRequest,
    "not_found": NotFound,
    "server_error": ServerError,
    "malformed": Malformed,
    "unknown": UnknownAnswer,
}
