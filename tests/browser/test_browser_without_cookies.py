"""Behind a host that drops cookies one can still sign in, make and play: in that tab."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Complaints
from tests.browser.proxy import without_cookies
from tests.browser.running import App, Person
from tests.browser.screens import (
    expect_playable,
    expect_sign_in_form,
    generate,
    play,
    sign_in,
    sign_out,
)


def test_one_signs_in_makes_and_plays(
    rehearsal: App,
    new_context: Callable[..., BrowserContext],
    complaints: Complaints,
    person: Person,
) -> None:
    with without_cookies(rehearsal.port) as url:
        page = new_context().new_page()
        sign_in(page, url, person)
        expect(page.get_by_text("for this tab only")).to_be_visible()
        assert "receipt" not in page.url
        found = generate(page, "Made without a cookie")
        expect_playable(found)
        play(found)

        # Nobody else gets in by it: not another tab, and not this one after a refresh.
        other = page.context.new_page()
        other.goto(url)
        expect_sign_in_form(other)

        sign_out(page, person)
        page.reload()
        expect_sign_in_form(page)
