"""A bounded number of hands for one kind of work."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor

from jobs.job import Job

log = logging.getLogger(__name__)


class Lane:
    """One thread a piece of work, at most `size` at a time: claims are made only for free hands.

    The threads are daemons, so that a long download does not keep a stopped process alive; the row
    it leaves behind is taken up like that of a process that died.
    """

    def __init__(self, name: str, size: int, executor: Executor | None = None) -> None:
        """`executor` replaces the threads, for tests that step."""
        self._name, self._size, self._executor = name, size, executor
        self._jobs: dict[int, Job | None] = {}
        self._changed = threading.Condition()
        self._number = 0

    @property
    def free(self) -> int:
        with self._changed:
            return self._size - len(self._jobs)

    @property
    def under_way(self) -> list[Job]:
        with self._changed:
            return [job for job in self._jobs.values() if job is not None]

    def run(self, work: Callable[[], None], job: Job | None = None) -> None:
        """Begins `work`, on `job` if on any. Raises RuntimeError where the system has no thread left."""
        with self._changed:
            self._number += 1
            number = self._number
            self._jobs[number] = job
        try:
            if self._executor is not None:
                self._executor.submit(self._guarded, work, number)
            else:
                threading.Thread(
                    target=self._guarded,
                    args=(work, number),
                    name=f"{self._name}-{number}",
                    daemon=True,
                ).start()
        except RuntimeError:
            self._done(number)
            raise

    def _guarded(self, work: Callable[[], None], number: int) -> None:
        try:
            work()
        except Exception:
            # Whatever it was, the row still stands as claimed: its lease or next slot brings it back.
            log.exception("%s-%d stopped", self._name, number)
        finally:
            self._done(number)

    def _done(self, number: int) -> None:
        with self._changed:
            del self._jobs[number]
            self._changed.notify_all()

    def drain(self, wait: float) -> bool:
        """Waits up to `wait` seconds for what is under way; True when all of it has ended."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._jobs, timeout=wait)
