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
    limits_for,
)
from jobs.archive import Archive
from jobs.claims import Claims
from jobs.job import Job, State
from jobs.journal import Journal
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
        journal: Journal | None,
        poll_interval: float,
        clock: Callable[[], float],
    ) -> None:
        self._claims, self._client, self._archive = claims, client, archive
        self._journal, self._poll_interval, self._clock = journal, poll_interval, clock

    def step(self, job: Job) -> None:
        """Sends `job` once and writes what became of it."""
        try:
            request = self._request(job)
            if not self._claims.may_send(job, self._clock(), CALL_SECONDS):
                self.put_back(job)
                return
        except FileNotFoundError:
            self._end(job, State.FAILED, "bad_request", "picture_lost")
            return
        except (OSError, SQLAlchemyError) as error:  # nothing was sent yet
            log.error("job %s: not sent: %s", job.id, type(error).__name__)
            self.put_back(job, BACKOFF[0])
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
        found: dict[str, Any]
        match outcome:
            case Pending(request_id=request_id):
                self._accepted(job, request_id)
            case Done():
                now = self._clock()
                found = {"request_id": outcome.request_id, **found_in(outcome, job, now)}
                self._persist(lambda: self._claims.delivered(job, now, **found))
            case Moderated(reason=reason):
                found = {"cost_usd": outcome.cost_usd, "request_id": outcome.request_id}
                self._end(job, State.MODERATED, "moderated", "moderated", reason, **found)
            case Failed(message=message):
                found = {"request_id": outcome.request_id}
                self._end(job, State.FAILED, "failed", "failed", message, **found)
            case Expired():
                found = {"request_id": outcome.request_id}
                self._end(job, State.EXPIRED, "expired", "expired", None, **found)
            case _:
                assert_never(outcome)

    def _accepted(self, job: Job, request_id: str) -> None:
        now = self._clock()
        entry = self._journal.write(job, request_id, now) if self._journal else None
        log.info("job %s: accepted", job.id)
        first_poll = now + self._poll_interval
        self._persist(lambda: self._claims.accepted(job.id, request_id, now, first_poll))
        if self._journal and entry:
            self._journal.remove(entry)

    def _refused(self, job: Job, error: ApiError) -> None:
        now, kind = self._clock(), error.kind
        log.info("job %s: submission answered %s", job.id, kind)
        if kind in {"auth_error", "quota_error"}:
            self._persist(lambda: self._claims.pause(kind, error.message, now))
            self._requeue(job, now, kind, error)
        elif kind == "rate_limited" or isinstance(error, NotSent):
            self._try_later(job, now, error)
        elif isinstance(error, InvalidRequest) or not error.ambiguous:
            self._end(job, State.FAILED, kind, _refusal(error), error.message)
        else:
            self._end(job, State.UNKNOWN, kind, "ambiguous", error.message)

    def _try_later(self, job: Job, now: float, error: ApiError) -> None:
        reason = "rate_limited" if error.kind == "rate_limited" else "unreachable"
        if job.errors >= len(BACKOFF):
            self._end(job, State.FAILED, error.kind, reason, error.message)
            return
        wait = min(error.retry_after or 0.0, 3600.0)
        if not wait or job.errors:  # where the gateway's own wish did not help, wait longer
            wait = max(wait, BACKOFF[job.errors])
        if reason == "rate_limited":
            self._persist(lambda: self._claims.slow_down(now + wait))
        self._requeue(job, now + wait, reason, error, errors=job.errors + 1)

    def put_back(self, job: Job, wait: float = 0.0) -> None:
        """Puts back a claimed job that was not sent, for `wait` seconds."""
        at = self._clock() + wait
        self._persist(lambda: self._claims.requeue(job, at))

    def _requeue(self, job: Job, at: float, reason: str, error: ApiError, **values: Any) -> None:
        why = {"kind": error.kind, "reason": reason, "detail": error.message, **values}
        self._persist(lambda: self._claims.requeue(job, at, **why))

    def _end(
        self, job: Job, state: State, kind: str, reason: str, detail: str | None = None, **more: Any
    ) -> None:
        now = self._clock()
        values = {"kind": kind, "reason": reason, "detail": detail, **more}
        self._persist(lambda: self._claims.end(job, state, now, **values))

    def _persist(self, write: Callable[[], object]) -> None:
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


def found_in(done: Done, job: Job, now: float) -> dict[str, Any]:
    """A finished video's facts, as columns."""
    return {
        "video_url": done.url,
        "poster_url": done.poster_url,
        "link_until": done.expires_at or now + limits_for(job.model).link_hours * 3600,
        "video_seconds": done.seconds,
        "moderation_passed": done.respect_moderation,
        "cost_usd": done.cost_usd,
        "progress": None,
    }


def _refusal(error: ApiError) -> str:
    """Why a refused submission cannot be made, as a reason of ours."""
    if error.http_status == 413:
        return "too_big"
    if error.kind == "not_found" or error.code == "no_channel":
        return "not_offered"
    return "turned_away" if error.kind == "server_error" else "bad_request"
