"""What became of a video: one frozen type a state, each with exactly its own data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

Kind = Literal[
    "pending",
    "done",
    "moderated",
    "failed",
    "expired",
    "auth_error",
    "quota_error",
    "rate_limited",
    "bad_request",
    "not_found",
    "server_error",
    "malformed",
    "unknown",
]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Pending:
    """The video is being made; ask again with `request_id`.

    `progress` is 0–99 percent where the answer says it; `status` is the gateway's own word
    ("" where it gave none).
    """

    kind: ClassVar[Literal["pending"]] = "pending"
    request_id: str
    progress: int | None = None
    status: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """The video is there, at an absolute `url` that lives for hours only.

    `seconds` is the clip's length; `respect_moderation` is None where the answer is silent;
    `cost_usd` comes from `usage.cost_in_usd_ticks` (10,000,000,000 ticks = $1);
    `expires_at` is Unix seconds; `poster_url` is a still picture's address, for
    `VideoClient.download_poster`. The representation leaves out the URL's query, which may be
    a signature.
    """

    kind: ClassVar[Literal["done"]] = "done"
    url: str
    seconds: float | None = None
    respect_moderation: bool | None = None
    cost_usd: float | None = None
    expires_at: float | None = None
    request_id: str | None = None
    poster_url: str | None = None

    def __repr__(self) -> str:
        bare = self.url.partition("?")[0]
        return f"Done(url={bare!r}, seconds={self.seconds!r}, request_id={self.request_id!r})"


@dataclass(frozen=True, slots=True)
class Moderated:
    """The content was refused. It may be billed, and the same prompt may pass another time."""

    kind: ClassVar[Literal["moderated"]] = "moderated"
    reason: str
    code: str | None = None
    cost_usd: float | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The gateway says that this video will not come; `message` is redacted, at most 500 long."""

    kind: ClassVar[Literal["failed"]] = "failed"
    message: str
    code: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Expired:
    """The video was made, but its content is gone."""

    kind: ClassVar[Literal["expired"]] = "expired"
    request_id: str | None = None


Outcome = Pending | Done | Moderated | Failed | Expired
