"""A studio in a folder of its own, its routes on a real port, and two people signed in."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa
import uvicorn
from starlette.applications import Starlette

import settings
import studio
from jobs import tables
from jobs.archive import clip_name, poster_name
from jobs.database import next_change
from jobs.job import Job, NewJob, State
from people.sessions import Session
from server.live import Hub, open_hub
from server.routes import MIDDLEWARE, ROUTES

CLIP = bytes(range(256)) * 40  # a route does not look inside
POSTER = b"RIFF....WEBP"
UNREACHABLE = "http://127.0.0.1:1"


@dataclass(frozen=True)
class Visitor:
    """Somebody's browser: a cookie (or none) and the session behind it."""

    cookies: dict[str, str]
    session: Session | None = None


NOBODY = Visitor({})


@dataclass
class Served:
    """The routes on a port."""

    here: studio.Studio
    hub: Hub
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, visitor: Visitor = NOBODY, **more: object) -> requests.Response:
        return self.ask("GET", path, visitor, **more)

    def ask(
        self, method: str, path: str, visitor: Visitor = NOBODY, **more: object
    ) -> requests.Response:
        return requests.request(
            method,
            self.url + path,
            cookies=visitor.cookies,
            allow_redirects=False,
            timeout=10,
            **more,  # type: ignore[arg-type]
        )

    def media(
        self, visitor: Visitor, job: Job, variant: str = "clip", extension: str = "mp4"
    ) -> str:
        """The address of a clip as `visitor`'s pages have it."""
        assert visitor.session is not None
        token = self.here.links.sign(studio.MEDIA, job.id, visitor.session.id, variant)
        return f"/app/static/media/{token}.{extension}"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[studio.Studio]:
    """A studio in rehearsal, without a worker; `studio.current()` returns it."""
    chosen = settings.load(
        data_dir=tmp_path, grok_api_key=None, database_url=None, archive_url=None
    )
    opened = studio.open_studio(chosen)
    assert opened.closed is None
    studio.use(opened)
    yield opened
    studio.use(None)
    opened.close()


@pytest.fixture(scope="session")
def uvicorn_server() -> Iterator[tuple[int, asyncio.AbstractEventLoop]]:
    """Our routes and middleware under uvicorn, as the application mounts them: port and loop."""
    loops: list[asyncio.AbstractEventLoop] = []

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        loops.append(asyncio.get_running_loop())
        yield

    app = Starlette(routes=ROUTES, middleware=MIDDLEWARE, lifespan=lifespan)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    until(lambda: server.started, "the server listens")
    yield listening.getsockname()[1], loops[0]
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def served(
    here: studio.Studio, uvicorn_server: tuple[int, asyncio.AbstractEventLoop]
) -> Iterator[Served]:
    """The routes, answering for this test's studio."""
    port, loop = uvicorn_server
    hub = open_hub(here.store)
    watching = asyncio.run_coroutine_threadsafe(hub.watch(), loop)
    yield Served(here, hub, port)
    until(lambda: hub.listeners == 0, "the pages are forgotten")
    watching.cancel()


@pytest.fixture
def sign_in(here: studio.Studio) -> Callable[[str], Visitor]:
    """Signs somebody in, as the form and the ticket's route do."""

    def begin(name: str, at: float | None = None) -> Visitor:
        now = time.time() if at is None else at
        claimed = here.sessions.claim_ticket(here.sessions.issue_ticket(name, now), now)
        assert claimed is not None
        return Visitor({here.cookie_name: claimed.token}, claimed.session)

    return begin


@pytest.fixture
def demo(sign_in: Callable[[str], Visitor]) -> Visitor:
    return sign_in("demo")


@pytest.fixture
def guest(sign_in: Callable[[str], Visitor]) -> Visitor:
    return sign_in("guest")


@pytest.fixture
def clip_of(here: studio.Studio) -> Callable[[str], Job]:
    """Writes a finished job with its files, without a gateway."""

    def make(owner: str) -> Job:
        new = NewJob(owner, "A kite above a grey beach", 6, "480p", "16:9")
        job = here.store.enqueue(new, f"form-{time.time_ns()}", time.time())
        clip, poster = clip_name(job.id), poster_name(job.id)
        here.archive.put(clip, CLIP)
        here.archive.put(poster, POSTER)
        change(here, job.id, state=State.DONE, clip=clip, poster=poster)
        done = here.store.get(owner, job.id)
        assert done is not None
        return done

    return make


@pytest.fixture
def job(clip_of: Callable[[str], Job]) -> Job:
    """A finished job of demo's."""
    return clip_of("demo")


def change(here: studio.Studio, job_id: str, **values: object) -> None:
    """Changes a job as a worker does: visibly, with a change number."""
    with here.database.write() as connection:
        connection.execute(
            sa.update(tables.jobs)
            .where(tables.jobs.c.id == job_id)
            .values(**values, version=next_change(connection))
        )


def until(look: Callable[[], object], what: str, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.01)
