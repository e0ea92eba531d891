"""Renders clips one after the other on a thread of low priority, so that no answer waits for it."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import Future
from pathlib import Path

from sandbox.faults import untagged
from sandbox.jobs import Job
from sandbox.render import render


class Studio:
    """Files are cached by clip; one that is missing (after a kill, say) is made again."""

    def __init__(self, folder: Path, shared: bool = False):
        self.folder, self.shared = folder, shared
        self.folder.mkdir(parents=True, exist_ok=True)
        self.wake = threading.Condition()
        self.waiting: list[Job] = []
        self.promised: dict[Path, Future[Path]] = {}
        self.thread: threading.Thread | None = None

    def file(self, job: Job) -> Path:
        if self.shared:
            width, height = job.size
            return self.folder / f"plain-{width}x{height}-{job.duration}.mp4"
        return self.folder / f"{job.clip}.mp4"

    def order(self, job: Job, *, urgent: bool = False) -> Future[Path]:
        """Promise the clip's file; an urgent one is made next."""
        path = self.file(job)
        with self.wake:
            if path in self.promised:
                if urgent and job in self.waiting:
                    self.waiting.remove(job)
                    self.waiting.insert(0, job)
                return self.promised[path]
            promise: Future[Path] = Future()
            if path.exists():
                promise.set_result(path)
                return promise
            self.promised[path] = promise
            self.waiting.insert(0 if urgent else len(self.waiting), job)
            if self.thread is None:
                self.thread = threading.Thread(target=self.work, daemon=True, name="studio")
                self.thread.start()
            self.wake.notify()
            return promise

    def work(self) -> None:
        if sys.platform == "linux":  # elsewhere a thread has no priority of its own
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
        while True:
            with self.wake:
                self.wake.wait_for(lambda: self.waiting)
                job = self.waiting.pop(0)
            self.make(job)

    def make(self, job: Job) -> None:
        path = self.file(job)
        failure: Exception | None = None
        try:
            if self.shared:
                render(path, "A plain clip", job.size, job.duration)
            else:
                prompt = untagged(job.prompt)
                render(path, prompt, job.size, job.duration, job.picture, job.picture_host)
        except Exception as error:  # whatever went wrong belongs to whoever waits for the clip
            failure = error
        with self.wake:
            promise = self.promised.pop(path, None)
        if promise is None:
            path.unlink(missing_ok=True)  # cleared in the meantime
        elif failure:
            promise.set_exception(failure)
        else:
            promise.set_result(path)

    def clear(self) -> None:
        """Forget what was ordered and delete what was made."""
        with self.wake:
            dropped, self.promised, self.waiting = self.promised, {}, []
        for promise in dropped.values():
            promise.set_exception(FileNotFoundError("cleared"))
        for path in self.folder.glob("*.mp4"):
            path.unlink(missing_ok=True)
