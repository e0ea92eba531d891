"""A job: what was asked for, and what became of it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum

OVERDUE_AFTER = 15 * 60.0
"""Seconds after submission when a job counts as overdue: asked after once a minute, no longer
holding a place among the jobs in flight. A late success still lands."""

GIVE_UP_AFTER = 24 * 3600.0
"""Seconds after submission without an answer when a job becomes unknown."""


class State(StrEnum):
    """`queued → submitting → pending → ready → done`, and the other ends. See `jobs/claims.py`."""

    QUEUED = "queued"
    SUBMITTING = "submitting"
    PENDING = "pending"
    READY = "ready"
    DONE = "done"
    MODERATED = "moderated"
    FAILED = "failed"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


LIVE = frozenset({State.QUEUED, State.SUBMITTING, State.PENDING, State.READY})
"""States that still change by themselves."""

ENDED = frozenset(State) - LIVE

REPEATABLE = frozenset({State.FAILED, State.MODERATED, State.EXPIRED, State.CANCELLED})
"""States a person may try again from: never `unknown`, which may already be paid for."""


@dataclass(frozen=True, slots=True)
class Job:
    """One row. Times are seconds since the epoch, durations seconds, money US dollars."""

    id: str
    owner: str
    gateway: str
    model: str
    prompt: str
    duration: int
    resolution: str
    aspect_ratio: str | None
    image_url: str | None
    picture: str | None
    """The archive's name of a picture that was uploaded: `<sha256>.<extension>`."""
    estimate_usd: float
    state: State
    kind: str | None
    """The outcome or error kind last heard (`grok_api`'s words)."""
    reason: str | None
    """A word of ours for why it stands so: see `ui/explain.py` for each one's sentence."""
    detail: str | None
    """The gateway's own words, redacted."""
    created_at: float
    started_at: float | None
    submitted_at: float | None
    ended_at: float | None
    next_at: float
    lease_until: float | None
    fence: int
    attempts: int
    """Submissions begun, whatever came of them."""
    errors: int
    """Passing errors in a row while polling or downloading."""
    request_id: str | None
    progress: int | None
    video_url: str | None
    poster_url: str | None
    link_until: float | None
    video_seconds: float | None
    moderation_passed: bool | None
    cost_usd: float | None
    clip: str | None
    clip_sha256: str | None
    clip_bytes: int | None
    poster: str | None
    width: int | None
    height: int | None
    version: int
    """The change number (`jobs/database.py`) of the last change a screen would show."""

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def is_adopted(self) -> bool:
        """Whether it was asked for elsewhere and taken in by its request id.

        Its prompt is then empty, and duration and resolution are not what was asked for.
        """
        return self.attempts == 0 and self.request_id is not None

    def is_overdue(self, now: float) -> bool:
        """Whether it has been made for so long that the card should say so."""
        return (
            self.state is State.PENDING
            and self.submitted_at is not None
            and now - self.submitted_at > OVERDUE_AFTER
        )


@dataclass(frozen=True, slots=True)
class NewJob:
    """What a form asks for; the store adds the rest."""

    owner: str
    prompt: str
    duration: int
    resolution: str
    aspect_ratio: str | None = None
    image_url: str | None = None
    picture: str | None = None
    model: str = "grok-imagine-video"
    estimate_usd: float = 0.0


_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no i, l, o, u


def new_id(now: float) -> str:
    """A fresh job id that sorts by time: 10 letters of milliseconds, 10 of chance (50 bits)."""
    number = (int(now * 1000) << 50) | secrets.randbits(50)
    letters = []
    for _ in range(20):
        number, rest = divmod(number, 32)
        letters.append(_ALPHABET[rest])
    return "".join(reversed(letters))
