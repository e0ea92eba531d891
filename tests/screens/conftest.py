"""A studio of its own for each test, with somebody at its screens; no worker and no network."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import streamlit.components.v2.manifest_scanner as manifest_scanner
import streamlit.testing.v1.app_test as app_test
import streamlit.testing.v1.local_script_runner as script_runner
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

import settings
import studio
from jobs.claims import Claims
from jobs.database import next_change
from jobs.job import ENDED, Job, State, new_id
from jobs.tables import accounts, jobs
from people.samples import CREDENTIALS
from people.sessions import Session

ROUTER = Path(__file__).resolve().parents[2] / "ui" / "router.py"
HASH = CREDENTIALS["usernames"]["demo"]["password"]  # of "demo"; hashing anew takes 0.3 s a time

STAGES: dict[State, dict[str, Any]] = {
    State.SUBMITTING: {"lease": 60.0},
    State.PENDING: {"request_id": "req-1", "kind": "pending"},
    State.READY: {"request_id": "req-1", "kind": "done", "video_url": "https://host.test/v.mp4"},
    State.DONE: {
        "request_id": "req-1",
        "kind": "done",
        "moderation_passed": True,
        "cost_usd": 0.3,
        "clip_bytes": 400_000,
        "width": 848,
        "height": 480,
    },
    State.MODERATED: {"request_id": "req-1", "kind": "moderated", "moderation_passed": False},
    State.FAILED: {"request_id": "req-1", "kind": "failed", "detail": "the model gave up"},
    State.EXPIRED: {"request_id": "req-1", "kind": "expired"},
    State.UNKNOWN: {"kind": "unknown", "detail": "the connection was reset"},
    State.CANCELLED: {"reason": "cancelled"},
}
"""What a job's row holds beside its state."""


@dataclass
class Screens:
    """The studio under test and the person at its screens (None: a stranger)."""

    studio: studio.Studio
    session: Session | None = None
    """Of the last sign-in."""
    cookies: dict[str, str] = field(default_factory=dict)

    # -- people

    def sign_in(self, username: str) -> Session:
        """Opens a session as the sign-in form and its route do."""
        now = time.time()
        ticket = self.studio.sessions.issue_ticket(username, now)
        claimed = self.studio.sessions.claim_ticket(ticket, now)
        assert claimed is not None
        self.session = claimed.session
        self.cookies = {self.studio.cookie_name: claimed.token}
        return claimed.session

    def sign_out(self) -> None:
        """The person has signed out elsewhere."""
        assert self.session is not None
        self.studio.sessions.revoke(self.session.id, time.time())

    def cookies_now(self) -> dict[str, str]:
        return self.cookies

    @property
    def name(self) -> str:
        assert self.session is not None
        return self.session.username

    # -- pages

    def tab(self, page: str = "create", *, language: str | None = None, **query: str) -> AppTest:
        """A fresh browser tab on a page."""
        tab = AppTest.from_file(ROUTER, default_timeout=20)
        if language:
            tab.session_state["language"] = language
        tab.query_params.update(query)
        tab.run()
        return tab if page == "create" else self.go(tab, page, **query)

    @staticmethod
    def go(tab: AppTest, page: str, **query: str) -> AppTest:
        """The same tab on another page."""
        tab.switch_page(f"../pages/{page}.py")
        tab.query_params.clear()
        tab.query_params.update(query)
        return tab.run()

    @staticmethod
    def open_more(tab: AppTest, job: Job) -> AppTest:
        """Opens a card's "More"; what is in there is only drawn then."""
        tab.session_state[f"more-{job.id}"] = True
        return tab.run()

    @staticmethod
    def rerun_fragment(tab: AppTest, key: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
        """What the browser does for a widget inside a fragment: runs that fragment alone."""
        (fragment,) = tab._fragment_storage._ids_by_target_key[key]
        whole, manager = script_runner.RerunData, app_test.PagesManager

        def partly(**values: Any) -> Any:
            return whole(**values, fragment_id_queue=[fragment])

        def knowing(*args: Any, **values: Any) -> Any:
            pages = manager(*args, **values)  # a server's lasts as long as the tab
            pages._set_pages(tab._registered_pages)
            return pages

        with monkeypatch.context() as patch:
            patch.setattr(script_runner, "RerunData", partly)
            patch.setattr(app_test, "PagesManager", knowing)
            return tab.run()

    # -- jobs

    def job(self, state: State = State.QUEUED, *, files: bool = False, **values: Any) -> Job:
        """Puts a job into the table, as far as `state`. `files` writes what it would have kept."""
        now = time.time()
        values.setdefault("owner", self.session.username if self.session else "paula")
        row = row_of(state, **values)
        row.setdefault("gateway", self.studio.store.gateway)
        row.setdefault("created_at", now - 60)
        with self.studio.database.write() as connection:
            row["version"] = next_change(connection)
            connection.execute(sa.insert(jobs).values(row))
        for name in filter(None, (row.get("clip"), row.get("poster"))) if files else ():
            self.studio.archive.put(name, b"a file")
        found = self.studio.store.get(row["owner"], row["id"])
        assert found is not None
        return found

    def change(self, job: Job, **values: Any) -> None:
        """What a worker does to a job."""
        with self.studio.database.write() as connection:
            values["version"] = next_change(connection)
            connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(values))

    def rows(self, owner: str | None = None) -> list[Job]:
        """The jobs that the person sees, newest first."""
        return list(self.studio.store.all(owner or self.name))

    def pause(self, kind: str) -> None:
        claims = Claims(self.studio.database, self.studio.store.gateway)
        claims.pause(kind, "said the gateway", time.time())

    # -- looking

    @staticmethod
    def words(tab: AppTest) -> Iterator[tuple[str, str, str]]:
        """Every text that the page sends: kind of element, field of its message, text."""
        yield from _words_of_node(tab._tree)

    def said(self, tab: AppTest) -> str:
        """All of it as one text, to look for what must be there, or must not."""
        return "\n".join(text for _, _, text in self.words(tab))

    @staticmethod
    def label(tab: AppTest, label: str) -> Any:
        """The one button of that label, for those without a key."""
        (found,) = [button for button in tab.button if button.label == label]
        return found

    @staticmethod
    def labels(tab: AppTest) -> list[str]:
        return [button.label for button in tab.button]


def row_of(state: State, **values: Any) -> dict[str, Any]:
    """A row of the jobs' table, without its version."""
    now = time.time()
    created = values.get("created_at", now - 60)
    row: dict[str, Any] = {
        "id": new_id(created),
        "form_token": uuid.uuid4().hex,
        "model": "grok-imagine-video",
        "prompt": "a cat in the garden",
        "duration": 6,
        "resolution": "480p",
        "aspect_ratio": "16:9",
        "estimate_usd": 0.3,
        "state": state,
        "next_at": now + 3600,
        "fence": 1,
        "attempts": 1,
        "errors": 0,
    }
    stage = dict(STAGES.get(state, {}))
    if lease := stage.pop("lease", None):
        row["lease_until"] = now + lease
    if state is not State.QUEUED:
        row |= {"started_at": created + 1, "submitted_at": created + 2}
    if state in ENDED:
        row["ended_at"] = created + 40
    row |= stage | values
    if state is State.DONE:
        row.setdefault("clip", f"clips/{row['id']}.mp4")
        row.setdefault("poster", f"posters/{row['id']}.webp")
    return row


def _words_of_node(node: Any) -> Iterator[tuple[str, str, str]]:
    if getattr(node, "proto", None) is not None:
        kind = node.type
        for field, text in _words_of_message(node.proto):
            yield kind, field, text
    for child in getattr(node, "children", {}).values():
        yield from _words_of_node(child)


def _words_of_message(message: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if not hasattr(message, "ListFields"):
        return
    for part, value in message.ListFields():
        here = f"{path}.{part.name}" if path else part.name
        repeated = not isinstance(value, str | bytes) and hasattr(value, "__len__")
        is_map = repeated and hasattr(value, "items")
        for each in (value.values() if is_map else value) if repeated else [value]:
            if isinstance(each, str):
                yield here, each
            elif isinstance(each, bytes):
                yield here, each.decode("utf-8", "replace")
            else:
                yield from _words_of_message(each, here)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails whatever would leave this process: no script run may call anybody."""

    def refuse(*args: object) -> None:
        raise AssertionError(f"a screen opens a connection: {args}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(autouse=True)
def no_search_for_components(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each AppTest would read the metadata of every installed package: 0.2 s a time."""
    monkeypatch.setattr(manifest_scanner, "scan_component_manifests", list)


@pytest.fixture
def open_screens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Screens]]:
    """Opens a studio with three people: paula and peter make videos, vera looks."""
    monkeypatch.setattr(settings, "SECRETS_FILES", ())
    for name in settings.Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    opened: list[studio.Studio] = []

    def make(person: str | None = "paula", **overrides: Any) -> Screens:
        values = {"data_dir": tmp_path / "data", "grok_api_key": None, **overrides}
        here = studio.open_studio(settings.load(**values))
        opened.append(here)
        if not here.accounts.find("paula"):
            people = {"paula": "producer", "peter": "producer", "vera": "viewer"}
            with here.database.write() as connection:
                for username, roles in people.items():
                    row = {"username": username, "password": HASH, "roles": roles, "created_at": 0}
                    connection.execute(sa.insert(accounts).values(row))
        here.closed = None
        studio.use(here)
        screens = Screens(here)
        if person:
            screens.sign_in(person)
        # What a browser would bring: AppTest knows none of these.
        brought = {
            "cookies": screens.cookies_now,
            "headers": dict,
            "ip_address": lambda: "10.1.2.3",
        }
        for name, answer in brought.items():
            monkeypatch.setattr(ContextProxy, name, property(lambda _, answer=answer: answer()))
        return screens

    yield make
    studio.use(None)
    for each in opened:
        each.close()


@pytest.fixture
def screens(open_screens: Callable[..., Screens]) -> Screens:
    """A rehearsal's studio with a producer at its screens."""
    return open_screens()
