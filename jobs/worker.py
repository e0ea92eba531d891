"""The worker: everything that goes over the network, one step at a time.

Delivery: a submission is sent at most once; polls and downloads at least once. The intent is
committed before each call (`jobs/claims.py`), so a process may die anywhere and another, or the
next, goes on. `run_once` is one step and takes the time; the loop only repeats it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from grok_api import ApiError, VideoClient
from jobs.archive import Archive
from jobs.claims import DOWNLOAD_LEASE, Claims
from jobs.database import Database
from jobs.download import Downloads
from jobs.job import State
from jobs.journal import Journal
from jobs.lane import Lane
from jobs.poll import Polls
from jobs.store import Store
from jobs.submit import Submissions
from settings import Settings

log = logging.getLogger(__name__)

TICK: Final = 0.5
"""Seconds between two looks at the list when nothing wakes the loop."""

DRAIN: Final = 30.0
"""Seconds that a stopping worker lets submissions under way finish."""

UPKEEP_EVERY: Final = DOWNLOAD_LEASE / 3
"""Seconds between two renewals of the downloads under way and looks into the journal."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a worker may go: seconds between polls, videos in flight, submissions a second."""

    poll_interval: float = 8.0
    max_in_flight: int = 5
    submits_per_second: float = 1.0


class Worker:
    """Works on the jobs of one gateway. Any number of workers may share a list."""

    def __init__(
        self,
        claims: Claims,
        client: VideoClient,
        archive: Archive,
        pace: Pace,
        *,
        journal: Journal | None = None,
        clock: Callable[[], float] = time.time,
        executor: Executor | None = None,
    ) -> None:
        """`executor` replaces the threads, for tests that step."""
        self._claims, self._client, self._pace, self._clock = claims, client, pace, clock
        self._journal = journal
        interval = pace.poll_interval
        self._submissions = Submissions(claims, client, archive, journal, interval, clock)
        self._polls = Polls(claims, client, interval, clock, self.wake)
        self._downloads = Downloads(claims, client, archive, interval, clock)
        self._submit_lane = Lane("submit", min(pace.max_in_flight, 16), executor)
        self._poll_lane = Lane("poll", 16, executor)
        self._download_lane = Lane("download", 3, executor)
        self._check_lane = Lane("check", 1, executor)
        self._next_upkeep = 0.0
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.last_step: float | None = None
        """When the loop last went round, for health checks."""

    def run_once(self, now: float) -> float:
        """Claims what is due and hands it out; returns the seconds until the next look."""
        if now >= self._next_upkeep:
            self._keep_up(now)
        due = self._claims.due(now)
        if State.SUBMITTING in due:
            self._claims.reap(now)
        if State.PENDING in due and (free := self._poll_lane.free):
            for job in self._claims.claim_polls(now, self._pace.poll_interval, free):
                self._poll_lane.run(partial(self._polls.step, job), job)
        if State.READY in due and (free := self._download_lane.free):
            for job in self._claims.claim_downloads(now, free):
                self._download_lane.run(partial(self._downloads.step, job), job)
        sent = State.QUEUED in due and self._submit_next(now)
        refused = self._claims.claim_key_check(now)
        if refused or self._claims.claim_models_check(now):
            self._check_key(refused)
        return min(TICK, 1 / self._pace.submits_per_second) if sent else TICK

    def _submit_next(self, now: float) -> bool:
        """Sends the next job, if one may be sent now; the rate allows one at a time."""
        if not self._submit_lane.free or self._stopping.is_set():
            return False
        cap, rate = self._pace.max_in_flight, self._pace.submits_per_second
        job = self._claims.claim_submission(now, cap, rate)
        if job is None:
            return False
        try:
            self._submit_lane.run(partial(self._submissions.step, job), job)
        except RuntimeError:  # no thread: nothing was sent
            self._submissions.put_back(job)
            raise
        return True

    def _check_key(self, refused: bool) -> None:
        """Asks, beside the loop, whether the key works and for which models: it costs nothing."""
        if self._check_lane.free:
            self._check_lane.run(partial(self._check, refused))

    def _check(self, refused: bool) -> None:
        try:
            listed = self._client.models()
        except ApiError as error:
            log.info("the models cannot be asked for: %s", error.kind)
            self._claims.models_unheard(self._clock())
        else:
            self._claims.listed(listed)
            if refused:  # a look at the models must not cut a fresh pause short
                self._claims.resume()
                self.wake()

    def _keep_up(self, now: float) -> None:
        """Renews the leases of downloads under way, and takes up request ids left in the journal."""
        for job in self._download_lane.under_way:
            self._claims.renew(job, now)
        if self._journal is not None:
            for entry in self._journal.entries():
                self._claims.accepted(entry.job_id, entry.request_id, entry.at, now)
                self._journal.remove(entry)
        self._next_upkeep = now + UPKEEP_EVERY

    # -- the loop

    def start(self) -> None:
        """Runs the loop in a thread of its own."""
        self._thread = threading.Thread(target=self.run, name="worker", daemon=True)
        self._thread.start()

    def run(self) -> None:
        """Repeats `run_once` until `stop`; a database that is away is waited for."""
        while not self._stopping.is_set():
            wait = TICK
            try:
                wait = self.run_once(self._clock())
                self.last_step = self._clock()
            except SQLAlchemyError as error:
                log.warning("the database did not answer: %s", type(error).__name__)
            except Exception:
                log.exception("the worker's step failed")
            self._woken.wait(wait)
            self._woken.clear()

    def wake(self) -> None:
        """Lets the loop look at the list now."""
        self._woken.set()

    def stop(self) -> None:
        """Stops claiming, lets submissions finish for up to 30 s, then returns."""
        self._stopping.set()
        self.wake()
        if self._thread is not None:  # first, for it may just be handing out its last claim
            self._thread.join(DRAIN)
        self._submit_lane.drain(DRAIN)
        self._poll_lane.drain(1.0)
        self._download_lane.drain(1.0)

    @property
    def is_well(self) -> bool:
        """Whether the loop went round within the last 30 seconds."""
        return self.last_step is not None and self._clock() - self.last_step < 30.0


def worker_of(
    settings: Settings,
    database: Database,
    archive: Archive,
    gateway: str,
    base_url: str,
    api_key: str,
) -> Worker:
    """A worker by the settings, not started yet, for the jobs bound to the name `gateway`.

    `base_url` is the gateway's address or a sandbox's. Raises ApiError where address or key cannot
    be used, OSError where the journal's folder cannot.
    """
    interval = settings.poll_seconds
    client = VideoClient(
        api_key,
        base_url,
        create_path=settings.grok_api_create_path,
        retries=0,  # one GET a poll: the next slot is the retry
        retrieve_timeout=min(20.0, max(interval * 0.9, 1.0)),
        allow_hosts=settings.allowed_download_hosts,
    )
    # Leases are compared by workers on other machines, too: the database's clock is theirs as well.
    ahead = database.clock_ahead()
    claims = Claims(database, gateway)
    Store(database, gateway).ask_for_models(time.time() + ahead)  # what a restart is often for
    return Worker(
        claims,
        client,
        archive,
        Pace(interval, settings.max_in_flight, settings.submits_per_second),
        journal=Journal(settings.folder / "journal"),
        clock=lambda: time.time() + ahead,
    )
