"""Sending one job. An outcome that is not known becomes `unknown`, never a second submission."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Final, assert_never

from sqlalchemy.exc import SQLAlchemyError

from grok_api import (
    ApiError,
    Done,
    Expired,
    Failed,
    InvalidRequest,
    Moderated,
    NotSent,
    Outcome,
    Pending,
    VideoClient,
    VideoRequest,
)
from jobs.archive import Archive
from jobs.claims import Claims
from jobs.job import Job, State
from jobs.picture import data_uri_of

log = logging.getLogger(__name__)

CALL_SECONDS: Final = 75.0
"""The longest a submission can take: the client's deadline of 60 s, and room to write the outcome."""

BACKOFF: Final = (5.0, 15.0, 45.0, 120.0, 300.0)
"""Seconds before each new try of a submission of which provably nothing was sent."""

KEEP_TRYING: Final = 300.0
"""Seconds for which writing a request id is retried while the database is away."""


class Submissions:
    """The step from `submitting` to whatever the gateway answers."""

    def __init__(
        self,
        claims: Claims,
        client: VideoClient,
        archive: Archive,
        poll_interval: float,
        clock: Callable[[], float],
    ) -> None:
        self._claims, self._client, self._archive = claims, client, archive
        self._poll_interval, self._clock = poll_interval, clock

    def step(self, job: Job) -> None:
        """Sends `job` once and writes what became of it."""
        try:
            request = self._request(job)
        except FileNotFoundError:
            self._end(job, State.FAILED, "bad_request", "picture_lost")
            return
        if not self._claims.may_send(job, self._clock(), CALL_SECONDS):
            self._claims.requeue(job, self._clock(), reason=None)
            return
        log.info("job %s: submitting", job.id)
        try:
            outcome = self._client.create(request)
        except ApiError as error:
            self._refused(job, error)
        except Exception as error:  # whatever happened, the POST may have been on its way
            log.error("job %s: submission broke off: %s", job.id, type(error).__name__)
            self._end(job, State.UNKNOWN, "unknown", "ambiguous", type(error).__name__)
        else:
            self._answered(job, outcome)

    def _request(self, job: Job) -> VideoRequest:
        image = job.image_url
        if job.picture is not None:
            path = self._archive.path(f"pictures/{job.picture}")
            image = data_uri_of(path)
        return VideoRequest(
            prompt=job.prompt,
            duration=job.duration,
            resolution=job.resolution,
            aspect_ratio=job.aspect_ratio,
            image=image,
            model=job.model,
        )

    def _answered(self, job: Job, outcome: Outcome) -> None:
        match outcome:
            case Pending(request_id=request_id):
                log.info("job %s: accepted", job.id)
                now = self._clock()
                self._persist(
                    lambda: self._claims.accepted(job, request_id, now, now + self._poll_interval)
                )
            case Done():
                self._persist(lambda: self._claims.ready(job, self._clock(), **found_in(outcome)))
            case Moderated(reason=reason):
                self._end(job, State.MODERATED, "moderated", "moderated", reason)
            case Failed(message=message):
                self._end(job, State.FAILED, "failed", "failed", message)
            case Expired():
                self._end(job, State.EXPIRED, "expired", "expired")
            case _:
                assert_never(outcome)

    def _refused(self, job: Job, error: ApiError) -> None:
        now, kind = self._clock(), error.kind
        log.info("job %s: submission answered %s", job.id, kind)
        if kind in {"auth_error", "quota_error"}:
            self._claims.pause(kind, error.message, now)
            self._requeue(job, now, kind, error)
        elif kind == "rate_limited" or isinstance(error, NotSent):
            self._try_later(job, now, error)
        elif isinstance(error, InvalidRequest) or not error.ambiguous:
            self._end(job, State.FAILED, kind, _refusal(kind), error.message)
        else:
            self._end(job, State.UNKNOWN, kind, "ambiguous", error.message)

    def _try_later(self, job: Job, now: float, error: ApiError) -> None:
        reason = "rate_limited" if error.kind == "rate_limited" else "unreachable"
        if job.errors >= len(BACKOFF):
            self._end(job, State.FAILED, error.kind, reason, error.message)
            return
        wait = max(
            error.retry_after or 0.0, BACKOFF[job.errors] if reason == "unreachable" else 0.0
        )
        wait = min(wait or BACKOFF[job.errors], 3600.0)
        if reason == "rate_limited":
            self._claims.slow_down(now + wait)
        self._requeue(job, now + wait, reason, error, errors=job.errors + 1)

    def _requeue(self, job: Job, at: float, reason: str, error: ApiError, **values: Any) -> None:
        why = {"kind": error.kind, "reason": reason, "detail": error.message, **values}
        self._persist(lambda: self._claims.requeue(job, at, **why))

    def _end(
        self, job: Job, state: State, kind: str, reason: str, detail: str | None = None
    ) -> None:
        now = self._clock()
        self._persist(
            lambda: self._claims.end(job, state, now, kind=kind, reason=reason, detail=detail)
        )

    def _persist(self, write: Callable[[], bool]) -> None:
        """Writes an outcome, for minutes if need be: a request id that is lost is a paid clip lost."""
        give_up_at = time.monotonic() + KEEP_TRYING
        wait = 0.2
        while True:
            try:
                write()
                return
            except SQLAlchemyError:
                if time.monotonic() > give_up_at:
                    raise
                time.sleep(wait)
                wait = min(wait * 2, 5.0)


def found_in(done: Done) -> dict[str, Any]:
    """A finished video's facts, as columns."""
    return {
        "video_url": done.url,
        "video_seconds": done.seconds,
        "moderation_passed": done.respect_moderation,
        "cost_usd": done.cost_usd,
        "progress": None,
    }


def _refusal(kind: str) -> str:
    return {"not_found": "not_offered", "server_error": "not_offered"}.get(kind, "bad_request")
