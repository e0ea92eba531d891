"""The screens for whoever has a phone, a keyboard, a screen reader, Chinese, or bad intentions."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from jobs.job import Job
from tests.browser.running import App, Person
from tests.browser.screens import card, expect_playable, play, play_button

SignInAs = Callable[..., BrowserContext]

HOSTILE = (
    "<script>window.hacked = 1</script> ![](http://evil.invalid/x.png) "
    '<img src="http://evil.invalid/y.png" onerror="window.hacked = 2"> '
    "[link](javascript:window.hacked=3) :material/delete: $\\LaTeX$ **not bold** `code` "
    "🛶👩‍👩‍👧 \u202eright to left\u202c שלום مرحبا #hash <b>not</b> &amp; http://evil.invalid/z"
)


def test_nothing_is_wider_than_a_phone(
    rehearsal: App,
    sign_in_as: SignInAs,
    new_context: Callable[..., BrowserContext],
    owner: Person,
    clip: Job,
) -> None:
    phone = {"width": 390, "height": 844}
    options = {"viewport": phone, "has_touch": True, "is_mobile": True}
    page = sign_in_as(owner, **options).new_page()
    for path in ("/", "/picture", "/library", f"/video?job={clip.id}"):
        page.goto(rehearsal.url + path)
        expect(page.get_by_text(clip.prompt).first).to_be_visible()
        assert widest(page) <= phone["width"], path
    stranger = new_context(**options).new_page()
    stranger.goto(rehearsal.url)
    expect(stranger.get_by_label("Username")).to_be_visible()
    assert widest(stranger) <= phone["width"]


def widest(page: Page) -> float:
    """How far to the right one can scroll, in CSS pixels."""
    found: float = page.evaluate(
        """() => Math.max(document.documentElement.scrollWidth,
            ...[...document.querySelectorAll('[data-testid="stMain"], [data-testid="stApp"]')]
                .map(box => box.scrollWidth))"""
    )
    return found


def test_the_keyboard_is_enough(rehearsal: App, sign_in_as: SignInAs, person: Person) -> None:
    page = sign_in_as(person).new_page()
    page.goto(rehearsal.url)
    prompt = page.get_by_label("Prompt")
    expect(prompt).to_be_visible()
    tab_to(page, prompt)
    page.keyboard.type("Typed, not clicked")
    send = page.get_by_role("button", name="Generate video")
    tab_to(page, send)
    page.keyboard.press("Enter")
    found = card(page, "Typed, not clicked")
    expect_playable(found)
    tab_to(page, play_button(found))
    page.keyboard.press("Enter")
    expect(found.locator("video")).to_be_visible()


def tab_to(page: Page, target: object) -> None:
    """Presses Tab until the target has the focus."""
    handle = target.element_handle()  # type: ignore[attr-defined]
    for _ in range(60):
        page.keyboard.press("Tab")
        if handle.evaluate("element => element === document.activeElement"):
            return
    pytest.fail("Tab never gets there")


def test_pictures_and_players_have_a_name(
    rehearsal: App, sign_in_as: SignInAs, owner: Person, clip: Job
) -> None:
    page = sign_in_as(owner).new_page()
    page.goto(f"{rehearsal.url}/library")
    expect(card(page, clip.prompt).get_by_role("img", name=clip.prompt)).to_be_visible()
    assert nameless(page) == []
    page.goto(f"{rehearsal.url}/video?job={clip.id}")
    expect(page.locator("video")).to_be_visible()
    assert nameless(page) == []
    page.goto(rehearsal.url)
    expect(page.get_by_label("Prompt")).to_be_visible()
    expect(card(page, clip.prompt)).to_be_visible()
    assert nameless(page) == []


def nameless(page: Page) -> list[str]:
    """Pictures and players that a screen reader has no word for.

    A picture inside an option or a button that is named by its text is decoration.
    """
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("img, video")]
            .filter(each => !(each.getAttribute("alt") || each.getAttribute("aria-label")))
            .filter(each => !each.closest("button, label, [role=radio]"))
            .map(each => each.outerHTML.slice(0, 200))"""
    )
    return found


def test_a_hostile_prompt_stays_words(rehearsal: App, sign_in_as: SignInAs, person: Person) -> None:
    page = sign_in_as(person).new_page()
    outside: list[str] = []

    def note(url: str) -> None:
        if not url.startswith((f"{rehearsal.url}/", "data:", "blob:")):
            outside.append(url)

    page.on("request", lambda request: note(request.url))
    page.goto(rehearsal.url)
    page.get_by_label("Prompt").fill(HOSTILE)
    page.get_by_role("button", name="Generate video").click()
    found = page.locator('[class*="st-key-box-"]')
    expect_playable(found)
    expect_literally(page)
    play(found)
    found.get_by_role("button", name="More").click()
    expect(page.get_by_role("button", name="Delete")).to_be_visible()

    (job,) = rehearsal.studio.store.all(person.name)
    assert job.prompt == HOSTILE
    page.goto(f"{rehearsal.url}/video?job={job.id}")
    expect(page.locator("video")).to_be_visible()
    expect_literally(page)
    page.goto(f"{rehearsal.url}/library")
    expect_literally(page)
    page.get_by_role("radio", name="Table").click()
    expect(page.get_by_role("button", name="Export as CSV")).to_be_visible()

    assert outside == []
    assert page.evaluate("window.hacked") is None


def expect_literally(page: Page) -> None:
    """The prompt stands there letter for letter, and nothing came of it."""
    shown = page.get_by_test_id("stText").filter(has_text="window.hacked")
    expect(shown).to_be_visible()
    assert shown.text_content() == HOSTILE
    assert shown.locator("img, script, a, b, strong, code").count() == 0
    assert page.evaluate("window.hacked") is None


def test_a_chinese_browser_starts_in_chinese_and_english_sticks(
    rehearsal: App, sign_in_as: SignInAs, new_context: Callable[..., BrowserContext], person: Person
) -> None:
    stranger = new_context(locale="zh-CN").new_page()
    stranger.goto(rehearsal.url)
    expect(stranger.get_by_role("button", name="登录")).to_be_visible()

    page = sign_in_as(person, locale="zh-CN").new_page()
    page.goto(rehearsal.url)
    expect(page.get_by_role("button", name="生成视频")).to_be_visible()
    expect(page.get_by_label("Prompt")).to_have_count(0)
    page.get_by_role("button", name=person.name).click()
    page.get_by_role("radio", name="English").click()
    expect(page.get_by_label("Prompt")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Prompt")).to_be_visible()
    expect(page.get_by_role("button", name="生成视频")).to_have_count(0)
