"""Asking after one job. Only the gateway's own words end a job; trouble on the way passes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, assert_never

from grok_api import ApiError, Done, Expired, Failed, Moderated, Pending, VideoClient
from jobs.claims import Claims, should_give_up
from jobs.download import TROUBLES
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
                more = {"moderation_passed": False, "cost_usd": outcome.cost_usd}
                self._claims.end(job, State.MODERATED, now, **why, **more)
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
        # Asked only for a fresh link: the count goes on, so that a dead link cannot go round for
        # ever, and a full disk is not met with more and more downloads.
        fresh_link = job.reason in TROUBLES
        kept = (job.errors, job.reason, job.detail) if fresh_link else (0, None, None)
        errors, reason, detail = kept
        self._claims.ready(
            job, now, **found_in(done, job, now), errors=errors, reason=reason, detail=detail
        )
        self._wake()

    def _trouble(self, job: Job, error: ApiError) -> None:
        now, kind = self._clock(), error.kind
        log.info("job %s: poll answered %s", job.id, kind)
        if should_give_up(job, now) and self._give_up(job, error, now):
            return
        wait = min(self._interval * 2 ** min(job.errors, 10), SLOWEST)
        if kind == "auth_error":
            self._claims.pause(kind, error.message, now)
            wait = SLOWEST
        if job.is_overdue(now):
            wait = SLOWEST
        wait = max(wait, min(error.retry_after or 0.0, 600.0), self._interval)
        reason = kind if kind in {"rate_limited", "auth_error"} else "gateway_trouble"
        self._claims.later(job, now + wait, kind=kind, reason=reason, detail=error.message)

    def _give_up(self, job: Job, error: ApiError, now: float) -> bool:
        """Ends a job that has had no answer in a day; False where it may still have one."""
        if error.kind == "auth_error" or not error.sent:  # the gateway was not asked, or not heard
            return False
        if job.video_url is None:
            return self._claims.end(
                job, State.UNKNOWN, now,
                kind=error.kind, reason="no_answer", detail=error.message,
            )  # fmt: skip
        if error.kind != "not_found":  # made long ago, and only our own disk was in the way
            return False
        return self._claims.end(
            job, State.EXPIRED, now,
            kind="expired", reason="link_gone", detail=error.message,
        )  # fmt: skip
