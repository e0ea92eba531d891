"""The application as a process of its own, as people run it, and the browser's way in."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import bcrypt
import pytest
import requests

import settings
import studio
from jobs.job import Job, NewJob, State

ROOT = Path(__file__).parents[2]
START_SECONDS = 60.0
T = TypeVar("T")


@dataclass(frozen=True)
class Person:
    """Somebody who may sign in."""

    name: str
    password: str


class App:
    """One server on one port with one DATA_DIR; it may be killed and started again.

    It runs in a folder of its own with a home of its own, so that no `secrets.toml` of whoever
    runs the tests is read.
    """

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.port = free_port()
        self.environment = environment
        self._log = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._studio: studio.Studio | None = None
        (folder / ".streamlit").mkdir(parents=True)
        shutil.copy(ROOT / ".streamlit" / "config.toml", folder / ".streamlit")
        self._log.touch()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    # -- the process

    def launch(self) -> None:
        """Starts the process and returns at once."""
        command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py")]
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--server.port", str(self.port), "--server.address", "127.0.0.1"],
                cwd=self.folder,
                env={
                    **kept,
                    "HOME": str(self.folder),
                    "DATA_DIR": str(self.data_dir),
                    "SANDBOX_SECONDS": "0 1",
                    **self.environment,
                },
                stdout=log,
                stderr=log,
            )

    def start(self) -> App:
        """Starts the process and waits until it says how it is."""
        self.launch()
        self.until_up(lambda: requests.get(f"{self.url}/healthz", timeout=5).json())
        return self

    def until_listening(self) -> None:
        """Waits until connections are taken, without sending a single request."""
        self.until_up(lambda: socket.create_connection(("127.0.0.1", self.port), 1).close())

    def until_up(self, ask: Callable[[], object]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                ask()
                return
            except (OSError, ValueError):
                ended = self._process is None or self._process.poll() is not None
                if ended or time.monotonic() > deadline:
                    raise AssertionError(f"the server did not start:\n{self.log}") from None
                time.sleep(0.1)

    def kill(self) -> None:
        """SIGKILL: the process gets no chance to say goodbye."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    def stop(self) -> None:
        """SIGTERM, as an operator stops it."""
        if self._studio is not None:
            self._studio.database.close()
            self._studio = None
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()
        self._process = None

    # -- what it keeps, seen from beside it

    @property
    def studio(self) -> studio.Studio:
        """The same database, archive and people, opened a second time in this process."""
        if self._studio is None:
            self._studio = self.open_studio(self.environment.get("GROK_API_KEY"))
        return self._studio

    def open_studio(self, key: str | None) -> studio.Studio:
        base_url = self.environment.get("GROK_API_BASE_URL", "http://127.0.0.1:1")
        found = settings.load(
            data_dir=self.data_dir,
            grok_api_key=key,
            grok_api_base_url=base_url,
            database_url=None,
            archive_url=None,
        )
        return studio.open_studio(found)

    def add_person(self, name: str, role: str = "producer") -> Person:
        """An account in the database, with the cheapest hash there is."""
        person = Person(name, f"{name}-password")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("people.passwords.Hasher.hash", _cheap_hash)
            self.studio.accounts.add(name, person.password, roles=[role], now=time.time())
        return person

    def cookie_of(self, person: Person) -> dict[str, Any]:
        """The cookie that a browser has after this person signed in, in Playwright's form."""
        sessions, now = self.studio.sessions, time.time()
        claimed = sessions.claim_ticket(sessions.issue_ticket(person.name, now), now)
        assert claimed is not None
        sessions.spend_receipt(claimed.receipt)
        return {"name": self.studio.cookie_name, "value": claimed.token, "url": self.url}

    def ask_for(self, person: Person, prompt: str, duration: int = 1) -> Job:
        """A job written as the form writes it; the server's worker finds it."""
        new = NewJob(person.name, prompt, duration, "480p", "16:9")
        return self.studio.store.enqueue(new, f"{prompt}-{time.time_ns()}", time.time())

    def make(self, person: Person, prompt: str, duration: int = 1) -> Job:
        """A job of this person's that is done."""
        job = self.ask_for(person, prompt, duration)
        return self.wait_for(person, job.id, State.DONE)

    def wait_for(self, person: Person, job_id: str, state: State, seconds: float = 40) -> Job:
        def look() -> Job | None:
            job = self.studio.store.get(person.name, job_id)
            return job if job is not None and job.state is state else None

        return until(look, f"job {job_id} is {state}", seconds)


def until(look: Callable[[], T | None], what: str, seconds: float = 20) -> T:
    """Looks until something is found, and returns it."""
    deadline = time.monotonic() + seconds
    while (found := look()) is None or found is False:
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _cheap_hash(password: str) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
