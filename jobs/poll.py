"""Asking after one job. Only the gateway's own words end a job; trouble on the way passes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, assert_never

from grok_api import ApiError, Done, Expired, Failed, Moderated, Pending, VideoClient
from jobs.claims import Claims, should_give_up
from jobs.job import Job, State
from jobs.submit import found_in

log = logging.getLogger(__name__)

SLOWEST: Final = 60.0
"""Seconds between polls at the most, however long the gateway is in trouble."""


class Polls:
    """The step from `pending` to whatever the gateway answers."""

    def __init__(
        self,
        claims: Claims,
        client: VideoClient,
        interval: float,
        clock: Callable[[], float],
        wake: Callable[[], None],
    ) -> None:
        self._claims, self._client, self._interval = claims, client, interval
        self._clock, self._wake = clock, wake

    def step(self, job: Job) -> None:
        """Asks once after `job` and writes what was answered."""
        if job.request_id is None:  # cannot be: a pending job has one
            raise ValueError(f"job {job.id} is pending without a request id")
        try:
            outcome = self._client.retrieve(job.request_id, model=job.model)
        except ApiError as error:
            self._trouble(job, error)
            return
        now = self._clock()
        match outcome:
            case Pending(progress=progress):
                if should_give_up(job, now):
                    self._claims.end(job, State.UNKNOWN, now, kind="unknown", reason="no_answer")
                else:
                    self._claims.still_pending(job, progress)
            case Done():
                self._found(job, outcome, now)
            case Moderated(reason=reason):
                why = {"kind": "moderated", "reason": "moderated", "detail": reason}
                self._claims.end(job, State.MODERATED, now, moderation_passed=False, **why)
            case Failed(message=message):
                why = {"kind": "failed", "reason": "failed", "detail": message}
                self._claims.end(job, State.FAILED, now, **why)
            case Expired():
                self._claims.end(job, State.EXPIRED, now, kind="expired", reason="expired")
            case _:
                assert_never(outcome)
        if not isinstance(outcome, Pending):
            log.info("job %s: %s", job.id, outcome.kind)

    def _found(self, job: Job, done: Done, now: float) -> None:
        # A link that had gone keeps its count of errors, so that a dead link cannot go round for ever.
        errors = job.errors if job.reason == "link_gone" else 0
        self._claims.ready(job, now, **found_in(done), errors=errors, reason=None, detail=None)
        self._wake()

    def _trouble(self, job: Job, error: ApiError) -> None:
        now, kind = self._clock(), error.kind
        log.info("job %s: poll answered %s", job.id, kind)
        if should_give_up(job, now):
            why = {"kind": kind, "reason": "no_answer", "detail": error.message}
            self._claims.end(job, State.UNKNOWN, now, **why)
            return
        wait = min(self._interval * 2 ** min(job.errors, 10), SLOWEST)
        if kind == "auth_error":
            self._claims.pause(kind, error.message, now)
            wait = SLOWEST
        wait = max(wait, min(error.retry_after or 0.0, 600.0), self._interval)
        reason = kind if kind in {"rate_limited", "auth_error"} else "gateway_trouble"
        self._claims.later(job, now + wait, kind=kind, reason=reason, detail=error.message)
