"""What people do on the screens, by the names they see."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin

from playwright.sync_api import Locator, Page, WebSocket, expect

from tests.browser.running import Person

MADE_WITHIN = 40_000  # milliseconds for a rehearsal's video, on a busy machine


def fill_in(page: Page, person: Person) -> None:
    """Fills in the sign-in form and sends it."""
    page.get_by_label("Username").fill(person.name)
    page.get_by_label("Password", exact=True).fill(person.password)
    page.get_by_role("button", name="Sign in").click()


def sign_in(page: Page, url: str, person: Person) -> None:
    """Opens `url`, signs in and waits for the page behind the form."""
    page.goto(url)
    fill_in(page, person)
    expect(account_menu(page, person)).to_be_visible()


def sign_out(page: Page, person: Person) -> None:
    account_menu(page, person).click()
    page.get_by_role("button", name="Sign out").click()
    expect_sign_in_form(page)


def account_menu(page: Page, person: Person) -> Locator:
    return page.get_by_role("button", name=re.compile(f"^{person.name}$", re.IGNORECASE))


def expect_sign_in_form(page: Page) -> None:
    """The form, and nothing of what lies behind it."""
    expect(page.get_by_label("Username")).to_be_visible()
    expect(page.get_by_label("Password", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect_nothing_of_the_studio(page)


def expect_nothing_of_the_studio(page: Page) -> None:
    """No form, no navigation, no picture and no clip."""
    for behind in (
        page.get_by_label("Prompt"),
        page.get_by_role("button", name="Generate video"),
        page.get_by_role("button", name="Play"),
        page.get_by_role("link", name="Download"),
        page.get_by_role("navigation"),
        page.locator("video, img"),
    ):
        expect(behind).to_have_count(0)


def generate(page: Page, prompt: str) -> Locator:
    """Asks for a video and returns its card."""
    page.get_by_label("Prompt").fill(prompt)
    page.get_by_role("button", name="Generate video").click()
    found = card(page, prompt)
    expect(found).to_be_visible()
    return found


def card(page: Page, prompt: str) -> Locator:
    """The card of the video with this prompt: containers have a key, but no role."""
    return page.locator('[class*="st-key-box-"]').filter(has=page.get_by_text(prompt, exact=True))


def expect_playable(found: Locator) -> None:
    expect(play_button(found)).to_be_visible(timeout=MADE_WITHIN)


def expect_loaded(picture: Locator) -> None:
    """The picture has come, not only its place."""
    expect(picture).to_be_visible()
    picture.page.wait_for_function("image => image.naturalWidth > 0", arg=picture.element_handle())


def play_button(found: Locator) -> Locator:
    return found.get_by_role("button", name="Play", exact=True)


def play(found: Locator) -> Locator:
    """Presses Play and waits until the picture moves; returns the player."""
    play_button(found).click()
    video = found.locator("video")
    expect_moving(video)
    return video


def expect_moving(video: Locator) -> None:
    """The player's clock runs on, without an error."""
    expect(video).to_be_visible()
    start = state_of(video)["currentTime"]
    video.page.wait_for_function(
        "([video, start]) => video.error || video.currentTime > start + 0.4",
        arg=[video.element_handle(), start],
    )
    assert state_of(video)["error"] is None


def state_of(video: Locator) -> dict[str, Any]:
    found: dict[str, Any] = video.evaluate(
        "video => ({currentTime: video.currentTime, paused: video.paused,"
        " error: video.error && video.error.message, duration: video.duration})"
    )
    return found


def address_of(link: Locator) -> str:
    """Where a link leads, as an absolute address."""
    return urljoin(link.page.evaluate("document.baseURI"), link.get_attribute("href") or "")


class Frames:
    """Counts what a page sends to Streamlit: each of these frames costs the server a run."""

    def __init__(self, page: Page) -> None:
        self.sent = 0
        self.live_sockets = 0
        page.on("websocket", self._opened)

    def _opened(self, socket: WebSocket) -> None:
        if socket.url.endswith("/_stcore/stream"):
            socket.on("framesent", self._sent)
        elif socket.url.endswith("/app/live"):
            self.live_sockets += 1

    def _sent(self, _data: object) -> None:
        self.sent += 1
