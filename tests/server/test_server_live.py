"""The live WebSocket: who may listen, to what, and how often it speaks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

import studio
from jobs.job import Job
from server.live import AT_MOST_EVERY, GOING_AWAY, POLICY_VIOLATION
from tests.server.conftest import NOBODY, Served, Visitor, change, until

QUIET = 1.2  # seconds in which nothing must come: several looks at the change number
PATIENCE = 5.0  # seconds


@contextmanager
def connected(
    served: Served, visitor: Visitor, origin: str | None = None, **headers: str
) -> Iterator[ClientConnection]:
    cookie = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    sent = {**headers, **({"Cookie": cookie} if cookie else {})}
    url = f"ws://127.0.0.1:{served.port}/app/live"
    with connect(url, origin=origin or served.url, additional_headers=sent) as socket:  # type: ignore[arg-type]
        yield socket


def hello(served: Served, visitor: Visitor, version: int) -> str:
    assert visitor.session is not None
    token = served.here.links.sign(studio.LIVE, "", visitor.session.id, "")
    return json.dumps({"token": token, "version": version})


@contextmanager
def listening(served: Served, visitor: Visitor, version: int) -> Iterator[ClientConnection]:
    """A page that shows `version`, let in."""
    with connected(served, visitor) as socket:
        socket.send(hello(served, visitor, version))
        yield socket


def heard(socket: ClientConnection, within: float = PATIENCE) -> int:
    return int(json.loads(socket.recv(within))["version"])


def closed_with(socket: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(PATIENCE)
    return closed.value.rcvd.code if closed.value.rcvd else None


def nothing_comes(socket: ClientConnection) -> None:
    with pytest.raises(TimeoutError):
        socket.recv(QUIET)


# -- who may listen


@pytest.mark.parametrize(
    "origin", ["http://evil.invalid", "null", "http://[", "https://127.0.0.1", "http://127.0.0.1:1"]
)
def test_pages_of_other_sites_are_not_let_in(served: Served, demo: Visitor, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused, connected(served, demo, origin):
        pass
    assert refused.value.response.status_code == 403


def test_behind_a_proxy_the_outer_host_counts(served: Served, demo: Visitor) -> None:
    forwarded = {"X-Forwarded-Host": "studio.example.com"}
    with connected(served, demo, "https://studio.example.com", **forwarded) as socket:
        socket.send(hello(served, demo, 0))
        assert heard(socket) == 0


def test_without_a_session_nothing_is_told(
    served: Served, demo: Visitor, guest: Visitor, job: Job
) -> None:
    """No cookie, a made-up one, and another person's: demo's token alone is not enough."""
    for visitor in (NOBODY, Visitor({served.here.cookie_name: "made-up"}), guest):
        with connected(served, visitor) as socket:
            socket.send(hello(served, demo, 0))
            assert closed_with(socket) == POLICY_VIOLATION
    assert served.hub.listeners == 0


def test_a_token_for_something_else_is_refused(served: Served, demo: Visitor, job: Job) -> None:
    assert demo.session is not None
    media = served.here.links.sign(studio.MEDIA, job.id, demo.session.id, "clip")
    for token in (media, "", "x", "a" * 3000):
        with connected(served, demo) as socket:
            socket.send(json.dumps({"token": token, "version": 0}))
            assert closed_with(socket) == POLICY_VIOLATION


@pytest.mark.parametrize(
    "words",
    [
        "",
        "[]",
        "null",
        "not json",
        '{"version": 1}',
        '{"token": "x", "version": "many"}',
        '{"token": "x", "version": 1e999}',
        '{"token": "x", "version": -1}',
        '{"token": "x", "version": 99999999999999999999}',
        "[" * 3000,
        "x" * 100_000,
        b"\x00\xff",
    ],
)
def test_odd_first_words_end_the_connection(
    served: Served, demo: Visitor, caplog: pytest.LogCaptureFixture, words: str | bytes
) -> None:
    with connected(served, demo) as socket:
        socket.send(words)
        assert closed_with(socket) == POLICY_VIOLATION
    assert not [record for record in caplog.records if record.exc_info]


def test_whatever_a_page_says_later_is_ignored(
    served: Served, demo: Visitor, job: Job, caplog: pytest.LogCaptureFixture
) -> None:
    with listening(served, demo, job.version) as socket:
        assert heard(socket) == job.version
        socket.send("what now?")
        socket.send(b"\x00")
        change(served.here, job.id, progress=10)
        assert heard(socket) > job.version
    until(lambda: served.hub.listeners == 0, "the page is forgotten")
    assert not [record for record in caplog.records if record.exc_info]


def test_a_session_that_ends_hears_nothing_more(served: Served, demo: Visitor, job: Job) -> None:
    with listening(served, demo, job.version) as socket:
        assert heard(socket) == job.version
        assert demo.session is not None
        served.here.sessions.revoke(demo.session.id, time.time())
        change(served.here, job.id, progress=10)
        assert closed_with(socket) == POLICY_VIOLATION
    until(lambda: served.hub.listeners == 0, "the page is forgotten")


# -- to what


def test_a_page_hears_of_its_own_changes_only(
    served: Served, demo: Visitor, guest: Visitor, job: Job, clip_of: Callable[[str], Job]
) -> None:
    with (
        listening(served, guest, job.version) as theirs,
        listening(served, demo, job.version) as my,
    ):
        assert heard(theirs) == job.version
        assert heard(my) == job.version
        change(served.here, job.id, progress=10)
        assert heard(my) > job.version
        nothing_comes(theirs)
        clip_of("guest")
        assert heard(theirs) > job.version
        nothing_comes(my)


def test_an_up_to_date_page_is_told_nothing_new(
    served: Served, demo: Visitor, job: Job, clip_of: Callable[[str], Job]
) -> None:
    """Not even where the page is the first to connect, or somebody else's job is newer."""
    clip_of("guest")
    with listening(served, demo, job.version) as socket:
        assert heard(socket) == job.version
        nothing_comes(socket)


def test_a_page_that_comes_back_hears_what_it_missed(
    served: Served, demo: Visitor, job: Job
) -> None:
    with listening(served, demo, job.version) as socket:
        assert heard(socket) == job.version
    until(lambda: served.hub.listeners == 0, "the page is forgotten")
    change(served.here, job.id, progress=10)
    missed = served.here.store.page("demo").version
    with listening(served, demo, job.version) as socket:
        assert heard(socket) == missed
        nothing_comes(socket)
    with listening(served, demo, missed) as socket:
        assert heard(socket) == missed
        nothing_comes(socket)


def test_a_gateway_that_refuses_the_key_concerns_everybody(
    served: Served, demo: Visitor, guest: Visitor, job: Job
) -> None:
    worker = studio.hire_worker(served.here, "http://127.0.0.1:1", "key")
    with listening(served, demo, job.version) as one, listening(served, guest, job.version) as two:
        assert heard(one) == heard(two) == job.version
        worker._claims.pause("auth_error", "no", time.time())
        assert heard(one) > job.version
        assert heard(two) > job.version


# -- how often


def test_many_changes_at_once_are_told_as_one(served: Served, demo: Visitor, job: Job) -> None:
    with listening(served, demo, job.version) as socket:
        assert heard(socket) == job.version
        began = time.monotonic()
        for progress in range(40):
            change(served.here, job.id, progress=progress)
        newest = served.here.store.page("demo").version
        messages = 1
        while heard(socket) < newest:
            messages += 1
        took = time.monotonic() - began
        nothing_comes(socket)
    assert messages <= took / AT_MOST_EVERY + 2


def test_a_database_that_is_away_is_waited_for(
    served: Served,
    demo: Visitor,
    job: Job,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    look = served.here.store.owners_changed_since

    def away(_version: int) -> tuple[int, frozenset[str]]:
        raise sa.exc.OperationalError("select", {}, Exception("away"))

    with listening(served, demo, job.version) as socket:
        assert heard(socket) == job.version
        monkeypatch.setattr(served.here.store, "owners_changed_since", away)
        with listening(served, demo, job.version) as second:
            assert closed_with(second) == GOING_AWAY
        change(served.here, job.id, progress=10)
        until(lambda: "did not answer" in caplog.text, "the trouble is logged")
        monkeypatch.setattr(served.here.store, "owners_changed_since", look)
        assert heard(socket) > job.version
    assert served.hub.listeners <= 1
    assert not [record for record in caplog.records if record.exc_info]
