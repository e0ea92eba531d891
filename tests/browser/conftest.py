"""A Chromium, the application to look at with it, and an eye on what neither may do."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    expect,
    sync_playwright,
)

from jobs.job import Job
from tests.browser.running import App, Person

SYSTEM_CHROMIUM = Path("/usr/bin/chromium")
HOW_TO_INSTALL = (
    "No Chromium was found. Install the system's package (`apt-get install chromium`) or run "
    "`python -m playwright install chromium`, then start the tests again."
)
CANARY_KEY = "canary-3f1d9c0b7a52"
"""The key of tests with a stand-in gateway: whoever prints it has leaked a key."""

# Streamlit looks for its own addresses below a deep link first, and Chromium reports each miss.
STREAMLITS_OWN = re.compile(r"/[^/]+/_stcore/(health|host-config)$")

PATIENCE = 15_000  # milliseconds
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        found = next((path for path in (SYSTEM_CHROMIUM, own) if path.exists()), None)
        if found is None:
            pytest.fail(HOW_TO_INSTALL)
        browser = playwright.chromium.launch(
            executable_path=found,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--no-first-run",
            ],
        )
        yield browser
        browser.close()


# -- the browser's side


class Complaints:
    """Errors of pages: uncaught ones and those on the console."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._allowed: list[re.Pattern[str]] = [STREAMLITS_OWN]

    def allow(self, pattern: str) -> None:
        """What this test provokes on purpose: matched against address and text."""
        self._allowed.append(re.compile(pattern))

    def listen(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", lambda error: self.found.append(f"uncaught: {error.error}"))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.found.append(f"{message.text} {message.location['url']}")

    @property
    def left(self) -> list[str]:
        return [
            text for text in self.found if not any(known.search(text) for known in self._allowed)
        ]


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Errors that pages reported; there must be none but those a test allows."""
    collected = Complaints()
    yield collected
    assert collected.left == []


@pytest.fixture
def new_context(
    chromium: Browser, complaints: Complaints
) -> Iterator[Callable[..., BrowserContext]]:
    """Makes fresh browsers, none of which knows of another."""
    opened: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        options.setdefault("viewport", {"width": 1280, "height": 900})
        options.setdefault("locale", "en-US")
        context = chromium.new_context(**options)
        context.set_default_timeout(PATIENCE)
        complaints.listen(context)
        opened.append(context)
        return context

    yield make
    for context in opened:
        try:
            context.close()
        except Error:  # closed by the test
            continue


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Page:
    return new_context().new_page()


# -- the server's side


@pytest.fixture(scope="session")
def session_apps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., App]]:
    yield from _apps(lambda: tmp_path_factory.mktemp("app"))


@pytest.fixture
def new_app(tmp_path: Path) -> Iterator[Callable[..., App]]:
    """Makes servers that are not started yet; settings are given as environment variables."""
    numbers = itertools.count(1)
    yield from _apps(lambda: tmp_path / f"app-{next(numbers)}")


def _apps(new_folder: Callable[[], Path]) -> Iterator[Callable[..., App]]:
    made: list[App] = []

    def make(**environment: str) -> App:
        app = App(new_folder(), **environment)
        made.append(app)
        return app

    yield make
    for app in made:
        app.stop()
    for app in made:
        _assert_clean(app.log)


def _assert_clean(log: str) -> None:
    assert "Traceback (most recent call last)" not in log, log
    assert CANARY_KEY not in log, "the key stands in the log"


@pytest.fixture(scope="session")
def rehearsal_server(session_apps: Callable[..., App]) -> App:
    return session_apps().start()


@pytest.fixture
def rehearsal(rehearsal_server: App) -> Iterator[App]:
    """The studio in rehearsal, one server for all tests; each brings a person of its own."""
    before = len(rehearsal_server.log)
    yield rehearsal_server
    _assert_clean(rehearsal_server.log[before:])


@pytest.fixture(scope="session")
def new_person(rehearsal_server: App) -> Callable[[], Person]:
    """Adds people to the rehearsal: what they make, nobody else's test sees."""
    numbers = itertools.count(1)
    return lambda: rehearsal_server.add_person(f"person{next(numbers)}")


@pytest.fixture
def person(new_person: Callable[[], Person]) -> Person:
    return new_person()


@pytest.fixture(scope="session")
def owner(new_person: Callable[[], Person]) -> Person:
    """Whom the finished clip belongs to."""
    return new_person()


@pytest.fixture(scope="session")
def clip(rehearsal_server: App, owner: Person) -> Job:
    """A finished clip of `owner`'s."""
    return rehearsal_server.make(owner, "A lighthouse turns above the sea", duration=6)


@pytest.fixture
def sign_in_as(
    rehearsal: App, new_context: Callable[..., BrowserContext]
) -> Callable[..., BrowserContext]:
    """A browser in which somebody has signed in to the rehearsal before."""

    def make(who: Person, **options: Any) -> BrowserContext:
        context = new_context(**options)
        context.add_cookies([rehearsal.cookie_of(who)])
        return context

    return make
