"""Against a gateway that is not ours: what is sent, how often, and to whom."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from jobs.job import NewJob, State
from tests.browser.conftest import CANARY_KEY, Complaints
from tests.browser.running import App, Person, until
from tests.browser.screens import (
    card,
    expect_nothing_of_the_studio,
    generate,
    play,
)
from tests.browser.standin import StandIn, standing_in

NO_SOONER_THAN = 7.5  # seconds between two polls
PATIENCE = 60_000  # milliseconds for a video that takes two polls


@pytest.fixture
def gateway() -> Iterator[StandIn]:
    with standing_in(CANARY_KEY) as standin:
        yield standin


def test_one_video_is_asked_for_once_whatever_happens(
    gateway: StandIn,
    new_app: Callable[..., App],
    new_context: Callable[..., BrowserContext],
    complaints: Complaints,
) -> None:
    """Three browsers look on, a rehearsal's leftover lies about and the server is killed."""
    app = new_app(GROK_API_KEY=CANARY_KEY, GROK_API_BASE_URL=gateway.api_url)
    leave_a_rehearsal_behind(app)
    person = app.add_person("ada")
    app.start()
    pages = []
    for _ in range(3):
        context = new_context()
        context.add_cookies([app.cookie_of(person)])
        page = context.new_page()
        page.goto(f"{app.url}/library")
        expect(page.get_by_text("No videos yet")).to_be_visible()
        pages.append(page)
    form = pages[0].context.new_page()
    form.goto(app.url)
    prompt = "A kite above a grey beach"
    generate(form, prompt)
    for page in pages:
        expect(card(page, prompt)).to_be_visible()
    until(lambda: len(gateway.polls) == 1, "the first poll")

    complaints.allow("ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|WebSocket connection|_stcore")
    app.kill()
    app.start()
    for page in pages:
        expect(card(page, prompt).get_by_role("button", name="Play", exact=True)).to_be_visible(
            timeout=PATIENCE
        )
    play(card(pages[1], prompt))

    (post,) = gateway.posts
    assert (post.path, json.loads(post.body)) == (
        "/v1/videos",
        {
            "model": "grok-imagine-video",
            "prompt": prompt,
            "duration": 6,
            "resolution": "480p",
            "aspect_ratio": "16:9",
        },
    )
    assert post.headers["content-type"].startswith("application/json")
    assert {call.headers.get("authorization") for call in gateway.api_calls} == {
        f"Bearer {CANARY_KEY}"
    }
    gaps = [after.at - before.at for before, after in itertools.pairwise(gateway.polls)]
    assert len(gateway.polls) == 2
    assert min(gaps) >= NO_SOONER_THAN
    assert gateway.cdn_calls
    for call in gateway.cdn_calls:
        assert "authorization" not in call.headers
        assert CANARY_KEY not in f"{call.path} {call.headers}"
    assert CANARY_KEY not in pages[1].content()


def leave_a_rehearsal_behind(app: App) -> None:
    """A rehearsal's job that still waits when the key is set."""
    rehearsal = app.open_studio(None)
    new = NewJob("demo", "Never to be paid for", 6, "480p", "16:9")
    rehearsal.store.enqueue(new, "leftover", 0.0)
    rehearsal.close()


def test_without_its_key_a_real_studio_stays_shut(
    gateway: StandIn, new_app: Callable[..., App], new_context: Callable[..., BrowserContext]
) -> None:
    app = new_app(GROK_API_BASE_URL=gateway.api_url)
    real = app.open_studio(CANARY_KEY)
    ada = Person("ada", "ada-password")
    new = NewJob(ada.name, "Paid for with the key", 6, "480p", "16:9")
    job = real.store.enqueue(new, "waiting", 0.0)
    app.start()
    for path in ("/", "/library", f"/video?job={job.id}"):
        page = new_context().new_page()
        page.goto(app.url + path)
        expect(page.get_by_text("its key is missing")).to_be_visible()
        expect(page.get_by_text("GROK_API_KEY")).to_be_visible()
        expect(page.get_by_label("Username")).to_have_count(0)
        expect_nothing_of_the_studio(page)
    after = real.store.get(ada.name, job.id)
    assert after is not None
    assert (after.state, after.attempts) == (State.QUEUED, 0)
    assert gateway.api_calls == []
    assert not (app.data_dir / "rehearsal" / "sandbox").exists()
    real.close()


def test_a_key_but_nobody_to_use_it(
    gateway: StandIn, new_app: Callable[..., App], new_context: Callable[..., BrowserContext]
) -> None:
    app = new_app(GROK_API_KEY=CANARY_KEY, GROK_API_BASE_URL=gateway.api_url).start()
    page = new_context().new_page()
    page.goto(f"{app.url}/library")
    expect(page.get_by_text("nobody may come in yet")).to_be_visible()
    expect(page.get_by_text("make user")).to_be_visible()
    expect(page.get_by_label("Username")).to_have_count(0)
    expect_nothing_of_the_studio(page)
    # Which models the key has is asked all the same: it costs nothing.
    assert {(call.method, call.path) for call in gateway.api_calls} <= {("GET", "/v1/models")}
