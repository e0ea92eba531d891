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
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from grok_api import ApiError, VideoClient
from jobs.archive import Archive
from jobs.claims import Claims
from jobs.download import Downloads
from jobs.job import Job, State
from jobs.poll import Polls
from jobs.submit import Submissions

log = logging.getLogger(__name__)

TICK: Final = 0.5
"""Seconds between two looks at the list when nothing wakes the loop."""

DRAIN: Final = 30.0
"""Seconds that a stopping worker lets submissions under way finish."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a worker may go: seconds between polls, videos in flight, submissions a second."""

    poll_interval: float = 8.0
    max_in_flight: int = 5
    submits_per_second: float = 1.0


class Lane:
    """A bounded pool for one kind of work: claims are made only for hands that are free."""

    def __init__(self, name: str, size: int, executor: Executor | None = None) -> None:
        self._executor = executor or ThreadPoolExecutor(size, thread_name_prefix=name)
        self._size = size
        self._busy = 0
        self._changed = threading.Condition()

    @property
    def free(self) -> int:
        return self._size - self._busy

    def run(self, work: Callable[[Job], None], job: Job) -> None:
        with self._changed:
            self._busy += 1
        self._executor.submit(self._guarded, work, job)

    def _guarded(self, work: Callable[[Job], None], job: Job) -> None:
        try:
            work(job)
        except Exception:
            # Whatever it was, the row still stands as claimed: its lease or next slot brings it back.
            log.exception("job %s: %s stopped", job.id, work.__qualname__)
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()

    def close(self, wait: float) -> None:
        """Takes no more work and waits up to `wait` seconds for what is under way."""
        with self._changed:
            self._changed.wait_for(lambda: self._busy == 0, timeout=wait)
        self._executor.shutdown(wait=False, cancel_futures=True)


class Worker:
    """Works on the jobs of one gateway. Any number of workers may share a list."""

    def __init__(
        self,
        claims: Claims,
        client: VideoClient,
        archive: Archive,
        pace: Pace,
        *,
        clock: Callable[[], float] = time.time,
        executor: Executor | None = None,
    ) -> None:
        """`executor` replaces the thread pools, for tests that step."""
        self._claims, self._client, self._pace, self._clock = claims, client, pace, clock
        self._submissions = Submissions(claims, client, archive, pace.poll_interval, clock)
        self._polls = Polls(claims, client, pace.poll_interval, clock, self.wake)
        self._downloads = Downloads(claims, client, archive, pace.poll_interval, clock)
        self._submit_lane = Lane("submit", min(pace.max_in_flight, 16), executor)
        self._poll_lane = Lane("poll", 16, executor)
        self._download_lane = Lane("download", 3, executor)
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.last_step: float | None = None
        """When the loop last went round, for health checks."""

    def run_once(self, now: float) -> None:
        """Claims what is due and hands it out."""
        due = self._claims.due(now)
        if State.SUBMITTING in due:
            self._claims.reap(now)
        if State.PENDING in due and self._poll_lane.free:
            interval = self._pace.poll_interval
            for job in self._claims.claim_polls(now, interval, self._poll_lane.free):
                self._poll_lane.run(self._polls.step, job)
        if State.READY in due and self._download_lane.free:
            for job in self._claims.claim_downloads(now, self._download_lane.free):
                self._download_lane.run(self._downloads.step, job)
        if State.QUEUED in due:
            self._submit_next(now)
        if self._claims.claim_key_check(now):
            self._check_key()

    def _submit_next(self, now: float) -> None:
        cap, rate = self._pace.max_in_flight, self._pace.submits_per_second
        while self._submit_lane.free and not self._stopping.is_set():
            job = self._claims.claim_submission(now, cap, rate)
            if job is None:
                return
            self._submit_lane.run(self._submissions.step, job)

    def _check_key(self) -> None:
        """`GET /v1/models` costs nothing and tells whether the key works again."""
        try:
            self._client.models()
        except ApiError as error:
            log.info("the key is still refused: %s", error.kind)
        else:
            self._claims.resume()

    # -- the loop

    def start(self) -> None:
        """Runs the loop in a thread of its own."""
        self._thread = threading.Thread(target=self.run, name="worker", daemon=True)
        self._thread.start()

    def run(self) -> None:
        """Repeats `run_once` until `stop`; a database that is away is waited for."""
        while not self._stopping.is_set():
            try:
                self.run_once(self._clock())
                self.last_step = self._clock()
            except SQLAlchemyError as error:
                log.warning("the database did not answer: %s", type(error).__name__)
            except Exception:
                log.exception("the worker's step failed")
            self._woken.wait(TICK)
            self._woken.clear()

    def wake(self) -> None:
        """Lets the loop look at the list now."""
        self._woken.set()

    def stop(self) -> None:
        """Stops claiming, lets submissions finish for up to 30 s, then returns."""
        self._stopping.set()
        self.wake()
        self._submit_lane.close(DRAIN)
        self._poll_lane.close(1.0)
        self._download_lane.close(1.0)
        if self._thread is not None:
            self._thread.join(5.0)

    @property
    def is_well(self) -> bool:
        """Whether the loop went round within the last 30 seconds."""
        return self.last_step is not None and self._clock() - self.last_step < 30.0
