"""Pages follow what happens without being reloaded, and cost nothing while nothing does."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, WebSocketRoute, expect

from jobs.job import State
from tests.browser.running import App, Person
from tests.browser.screens import (
    Frames,
    card,
    expect_loaded,
    expect_moving,
    expect_playable,
    generate,
    play,
    play_button,
    state_of,
)

IDLE = 7_000  # milliseconds: longer than the page waits before it gives up on its socket

SignInAs = Callable[..., BrowserContext]


def test_a_second_page_shows_what_the_first_asked_for(
    rehearsal: App, sign_in_as: SignInAs, person: Person
) -> None:
    library = sign_in_as(person).new_page()
    library.goto(f"{rehearsal.url}/library")
    expect(library.get_by_text("No videos yet")).to_be_visible()
    library.evaluate("window.notReloaded = true")

    form = sign_in_as(person).new_page()
    form.goto(rehearsal.url)
    prompt = "Two pages, one video"
    generate(form, prompt)
    expect(card(library, prompt)).to_be_visible(timeout=4_000)
    expect_playable(card(library, prompt))
    assert library.evaluate("window.notReloaded") is True

    for page in (library, form):
        expect_loaded(card(page, prompt).get_by_role("img", name=prompt))
    # Deleted on the one page, gone on the other.
    (job,) = rehearsal.studio.store.all(person.name)
    rehearsal.studio.store.delete(person.name, job.id, job.created_at)
    expect(card(library, prompt)).to_have_count(0, timeout=4_000)


def test_idle_pages_cost_the_server_nothing(
    rehearsal: App, sign_in_as: SignInAs, new_person: Callable[[], Person]
) -> None:
    mine, emptied, busy = new_person(), new_person(), new_person()
    asked = [
        (mine, rehearsal.ask_for(mine, "Shown on three pages")),
        (mine, rehearsal.ask_for(mine, "Newer than the one that is shown alone")),
        (emptied, rehearsal.ask_for(emptied, "Deleted again")),
    ]
    job, _, gone = (rehearsal.wait_for(who, each.id, State.DONE) for who, each in asked)
    rehearsal.studio.store.delete(emptied.name, gone.id, gone.created_at)

    me, nobody = sign_in_as(mine), sign_in_as(emptied)
    opened = {
        "create": open_page(me, rehearsal.url),
        "library": open_page(me, f"{rehearsal.url}/library"),
        "video": open_page(me, f"{rehearsal.url}/video?job={job.id}"),
        "empty": open_page(nobody, f"{rehearsal.url}/library"),
    }
    expect(play_button(card(opened["library"][0], job.prompt))).to_be_visible()
    expect(opened["video"][0].locator("video")).to_be_visible()
    expect(opened["empty"][0].get_by_text("No videos yet")).to_be_visible()
    opened["create"][0].wait_for_load_state("networkidle")

    before = {name: frames.sent for name, (_, frames) in opened.items()}
    other = rehearsal.ask_for(busy, "Somebody else's business")
    opened["create"][0].wait_for_timeout(IDLE)
    rehearsal.wait_for(busy, other.id, State.DONE)
    after = {name: frames.sent for name, (_, frames) in opened.items()}
    assert after == before
    assert {name: frames.live_sockets for name, (_, frames) in opened.items()} == dict.fromkeys(
        opened, 1
    )


def open_page(context: BrowserContext, url: str) -> tuple[Page, Frames]:
    page = context.new_page()
    frames = Frames(page)
    page.goto(url)
    return page, frames


def test_without_its_socket_a_page_asks_at_intervals(
    rehearsal: App, sign_in_as: SignInAs, person: Person
) -> None:
    def refuse(socket: WebSocketRoute) -> None:
        socket.close()

    context = sign_in_as(person)
    context.route_web_socket("**/app/live", refuse)
    page = context.new_page()
    page.goto(f"{rehearsal.url}/library")
    expect(page.get_by_text("No videos yet")).to_be_visible()
    job = rehearsal.make(person, "Found without a socket")
    expect(play_button(card(page, job.prompt))).to_be_visible(timeout=30_000)


def test_a_playing_video_is_not_disturbed(
    rehearsal: App, sign_in_as: SignInAs, person: Person
) -> None:
    """Neither by a video beside it that gets done, nor by one that is newly asked for."""
    playing = rehearsal.make(person, "This one plays", duration=6)
    beside = rehearsal.ask_for(person, "This one is made meanwhile [seconds:5]")
    page = sign_in_as(person).new_page()
    page.goto(f"{rehearsal.url}/library")
    expect(card(page, beside.prompt)).to_be_visible()
    video = play(card(page, playing.prompt))
    video.evaluate(
        """video => {
            video.loop = true
            window.same = video
            window.disturbed = []
            for (const what of ["pause", "emptied", "loadstart", "error"])
                video.addEventListener(what, () => window.disturbed.push(what))
        }"""
    )
    expect(play_button(card(page, beside.prompt))).to_have_count(0)
    expect_playable(card(page, beside.prompt))
    another = rehearsal.make(person, "This one is new")
    news = page.get_by_role("button", name="Show what is new")
    expect(news.or_(card(page, another.prompt)).first).to_be_visible()

    assert page.evaluate("window.disturbed") == []
    assert page.evaluate("window.same.isConnected") is True
    assert state_of(video)["paused"] is False
    expect_moving(video)
