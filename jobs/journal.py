"""Request ids on their way into the database, one small file each.

A request id is written here, synced, before it is written to the list, and removed afterwards. A
process that dies in between, or whose database stays away, has not lost it: any process that works
from this folder takes it up (`Worker.run_once`).
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jobs.job import Job

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """A request id that may not stand in the list yet; `at` is seconds since the epoch."""

    path: Path
    job_id: str
    request_id: str
    at: float


class Journal:
    """A folder of entries; any number of processes and threads at a time."""

    def __init__(self, folder: Path) -> None:
        """Creates the folder where it is missing. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def write(self, job: Job, request_id: str, at: float) -> Entry | None:
        """Keeps a request id; None where the disk refuses, and the database must do alone."""
        path = self._folder / f"{job.id}-{job.fence}.json"
        text = json.dumps({"job": job.id, "request_id": request_id, "at": at})
        try:
            with path.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            handle = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            log.error("job %s: the journal cannot be written: %s", job.id, error.strerror)
            return None
        return Entry(path, job.id, request_id, at)

    def remove(self, entry: Entry) -> None:
        """Forgets an entry that stands in the list; one that stays is only written again."""
        try:
            entry.path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("the journal cannot be tidied: %s", error.strerror)

    def entries(self) -> Iterator[Entry]:
        """What is left to be written; a file cut short by a crash is passed over."""
        for path in sorted(self._folder.glob("*.json")):
            try:
                found = json.loads(path.read_text(encoding="utf-8"))
                yield Entry(path, str(found["job"]), str(found["request_id"]), float(found["at"]))
            except (OSError, ValueError, KeyError, TypeError):
                continue
