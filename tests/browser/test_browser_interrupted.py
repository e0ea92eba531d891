"""A video outlives a refresh, a closed browser and a killed server."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from jobs.job import State
from tests.browser.conftest import Complaints
from tests.browser.running import App
from tests.browser.screens import card, expect_playable, generate, play, play_button


def test_refresh_closed_browser_and_killed_server_lose_nothing(
    new_app: Callable[..., App],
    new_context: Callable[..., BrowserContext],
    complaints: Complaints,
) -> None:
    app = new_app().start()
    person = app.add_person("ada")
    context = new_context()
    context.add_cookies([app.cookie_of(person)])
    page = context.new_page()
    page.goto(app.url)
    prompt = "Rain on a tin roof [seconds:6]"
    generate(page, prompt)

    page.reload()
    expect(card(page, prompt)).to_be_visible()
    expect(play_button(card(page, prompt))).to_have_count(0)
    (job,) = app.studio.store.all(person.name)
    pending = app.wait_for(person, job.id, State.PENDING)
    kept = context.storage_state()
    context.close()

    app.kill()
    assert app.studio.store.all(person.name)[0].state is State.PENDING
    app.start()

    complaints.allow("_stcore")
    page = new_context(storage_state=kept).new_page()
    page.goto(f"{app.url}/library")
    expect_playable(card(page, prompt))
    play(card(page, prompt))
    (after,) = app.studio.store.all(person.name)
    assert (after.id, after.state, after.attempts) == (job.id, State.DONE, 1)
    assert after.request_id == pending.request_id
