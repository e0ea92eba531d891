"""A list on both databases, a stepped clock, a gateway to send to, and a worker that steps."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import sqlalchemy as sa
import uvicorn

from grok_api import VideoClient
from jobs import tables
from jobs.archive import Archive
from jobs.claims import Claims
from jobs.database import Database
from jobs.job import Job, NewJob, State
from jobs.journal import Journal
from jobs.store import Store
from jobs.worker import Pace, Worker
from sandbox import Options, create_app

ROOT = Path(__file__).parents[2]
NOW = 1_750_000_000.0
GATEWAY = "rehearsal"
NUMBERS = count(1)
TABLES = (tables.jobs, tables.gateways, tables.drafts, tables.decisions)


@pytest.fixture(scope="session")
def _postgres(postgres_database: Callable[[], str]) -> Iterator[Database]:
    opened = Database(postgres_database())
    yield opened
    opened.close()


def _emptied(database: Database) -> Database:
    with database.write() as connection:
        for table in TABLES:
            connection.execute(sa.delete(table))
        connection.execute(sa.update(tables.changes).values(number=0))
    return database


@pytest.fixture(scope="session")
def _empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite file, made once."""
    path = tmp_path_factory.mktemp("empty") / "studio.sqlite3"
    Database(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def sqlite(_empty: Path, tmp_path: Path) -> Iterator[Database]:
    shutil.copy(_empty, tmp_path / "studio.sqlite3")
    opened = Database(f"sqlite:///{tmp_path / 'studio.sqlite3'}")
    opened.close()  # no power is cut in tests: connections from now on do not wait for the disk
    sa.event.listen(opened._engine, "connect", lambda one, _: one.execute("PRAGMA synchronous=OFF"))
    yield opened
    opened.close()


@pytest.fixture
def postgres(_postgres: Database) -> Database:
    """The PostgreSQL one, for what only it lets happen."""
    return _emptied(_postgres)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty database, on each engine in turn."""
    name = "sqlite" if request.param == "sqlite" else "postgres"
    found: Database = request.getfixturevalue(name)
    return found


class Clock:
    """Seconds since the epoch that pass only when told."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now

    def step(self, seconds: float) -> float:
        self.now += seconds
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Inline(Executor):
    """Runs work where it is submitted."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        fn(*args, **kwargs)
        return Future()


class Gateway:
    """The sandbox over real HTTP, and what it was asked."""

    def __init__(self, url: str, book: Any, options: Callable[..., None]) -> None:
        self.url, self.book, self.set = url, book, options

    def calls(self, prompt: str, kind: str) -> list[str]:
        """The results of all calls about a prompt."""
        if kind == "create":
            rows = self.book.rows(
                "SELECT result FROM calls WHERE kind = 'create' AND prompt = ?", prompt
            )
        else:
            rows = self.book.rows(
                "SELECT calls.result FROM calls JOIN jobs ON calls.job = jobs.id"
                " WHERE kind = ? AND jobs.prompt = ? ORDER BY number",
                kind,
                prompt,
            )
        return [row[0] for row in rows]

    def posts(self, prompt: str) -> int:
        return len(self.calls(prompt, "create"))

    def request_id(self, prompt: str) -> str:
        (row,) = self.book.rows("SELECT id FROM jobs WHERE prompt = ?", prompt)
        return str(row[0])


@pytest.fixture(scope="session")
def _sandbox() -> Iterator[Gateway]:
    app = create_app(Options(seconds=(0, 0), shared_clips=True))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < end, "the sandbox did not start"
        time.sleep(0.01)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

    def change(**values: Any) -> None:
        requests.post(f"{url}/_sandbox/config", json=values, timeout=5).raise_for_status()

    yield Gateway(url, app.state.gateway.book, change)
    server.should_exit = True
    thread.join(5)


@pytest.fixture
def gateway(_sandbox: Gateway) -> Iterator[Gateway]:
    """A gateway that makes videos at once; what a test sets is undone."""
    yield _sandbox
    _sandbox.set(key=None, create_fault=None, poll_fault=None, latency=0, seconds=[0, 0])


class Rig:
    """One list and workers on it, all by the same stepped clock."""

    def __init__(self, database: Database, folder: Path, url: str, clock: Clock) -> None:
        self.database, self.clock, self.url = database, clock, url
        self.store = Store(database, GATEWAY)
        self.archive = Archive(folder / "archive")
        self.journal = Journal(folder / "journal")
        self.claims = Claims(database, GATEWAY)
        self.client: Any = VideoClient(
            "test-key", url, retries=0, create_timeout=5, retrieve_timeout=5, download_timeout=20
        )
        self.pace = Pace(poll_interval=8.0, max_in_flight=5, submits_per_second=1.0)
        self.worker = self.new_worker()

    def new_worker(self, **parts: Any) -> Worker:
        return Worker(
            parts.get("claims", self.claims),
            parts.get("client", self.client),
            self.archive,
            parts.get("pace", self.pace),
            journal=self.journal,
            clock=self.clock,
            executor=Inline(),
        )

    def ask(self, prompt: str = "a red kite", owner: str = "ada", **more: Any) -> Job:
        """Enqueues one; a prompt is made the only one of its words."""
        words = f"{prompt} ({next(NUMBERS)})"
        new = NewJob(owner, words, 1, "480p", **more)
        self.clock.step(2**-10)  # so that it stands behind those before it
        return self.store.enqueue(new, words, self.clock.now)

    def job(self, job: Job) -> Job:
        """How it stands now, even when deleted."""
        with self.database.read() as connection:
            row = connection.execute(sa.select(tables.jobs).where(tables.jobs.c.id == job.id))
            values = dict(row.mappings().one())
        for name in ("form_token", "deleted_at"):
            del values[name]
        return Job(**{**values, "state": State(values["state"])})

    def set(self, job: Job, **values: Any) -> None:
        with self.database.write() as connection:
            connection.execute(
                sa.update(tables.jobs).where(tables.jobs.c.id == job.id).values(**values)
            )

    def step(self, seconds: float = 0.0) -> None:
        """Lets `seconds` pass and takes one step."""
        self.worker.run_once(self.clock.step(seconds))

    def until(self, job: Job, *states: State, steps: int = 60, by: float = 8.0) -> Job:
        """Steps until the job stands in one of the states."""
        for _ in range(steps):
            now = self.job(job)
            if now.state in states:
                return now
            self.step(by)
        raise AssertionError(f"{self.job(job).state} after {steps} steps")

    def decisions(self) -> list[dict[str, Any]]:
        with self.database.read() as connection:
            rows = connection.execute(sa.select(tables.decisions).order_by("id")).mappings()
            return [dict(row) for row in rows]


@pytest.fixture
def rig(sqlite: Database, tmp_path: Path, gateway: Gateway, clock: Clock) -> Rig:
    """On SQLite: for what the databases have no part in."""
    return Rig(sqlite, tmp_path, gateway.url, clock)


@pytest.fixture
def both(database: Database, tmp_path: Path, gateway: Gateway, clock: Clock) -> Rig:
    """On each engine in turn."""
    return Rig(database, tmp_path, gateway.url, clock)


@pytest.fixture
def on_postgres(postgres: Database, tmp_path: Path, gateway: Gateway, clock: Clock) -> Rig:
    return Rig(postgres, tmp_path, gateway.url, clock)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries of a write go on at once."""
    impatient = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _seconds: None)
    monkeypatch.setattr("jobs.submit.time", impatient)


@pytest.fixture(autouse=True)
def _quiet() -> None:
    logging.getLogger("jobs").setLevel(logging.CRITICAL)


class Processes:
    """A sandbox, and one worker after another, on one data folder."""

    def __init__(self, folder: Path) -> None:
        self.running: list[subprocess.Popen[str]] = []
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        pace = {"POLL_INTERVAL": "0.3", "MAX_IN_FLIGHT": "50", "SUBMITS_PER_SECOND": "5"}
        here = {"DATA_DIR": str(folder), "HOME": str(folder), "PYTHONPATH": str(ROOT)}
        self.folder, self.env = folder, {**kept, **pace, **here}
        self.url = ""

    def start_gateway(self, *options: str) -> None:
        state = str(self.folder / "gateway")
        sandbox = self.begin("sandbox", "--port", "0", "--state", state, *options)
        assert sandbox.stdout
        self.url = json.loads(sandbox.stdout.readline())["sandbox"]

    def begin(self, module: str, *options: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *options],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.running.append(process)
        return process

    def worker(self, *options: str) -> subprocess.Popen[str]:
        """Starts one and waits until it has begun to work."""
        process = self.begin("jobs", "worker", *(options or ("--gateway", self.url)))
        assert process.stderr
        line = process.stderr.readline()
        assert "working" in line, line
        return process

    def close(self) -> None:
        for process in self.running:
            process.kill()
            process.communicate()


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    made = Processes(tmp_path)
    yield made
    made.close()
