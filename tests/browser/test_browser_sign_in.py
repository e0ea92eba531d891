"""Signing in, staying in and getting out, in a real browser with real cookies."""

from __future__ import annotations

import time
from collections.abc import Callable

import jwt
import pytest
from playwright.sync_api import BrowserContext, Cookie, Page, expect

from jobs.job import Job
from tests.browser.conftest import Complaints
from tests.browser.running import App, Person
from tests.browser.screens import (
    account_menu,
    address_of,
    card,
    expect_sign_in_form,
    fill_in,
    sign_in,
    sign_out,
)

DEMO = Person("demo", "demo")
STOCK_KEY = "some_key_name"
# Short keys are the library's own choice; its warning is not about us.
pytestmark = pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
GUEST = Person("guest", "guest")
NewContext = Callable[..., BrowserContext]


def session_cookie(context: BrowserContext) -> Cookie:
    (found,) = [each for each in context.cookies() if "session" in each.get("name", "")]
    return found


def test_one_signs_in_stays_in_and_signs_out(
    rehearsal: App, page: Page, new_context: NewContext
) -> None:
    page.goto(rehearsal.url)
    expect_sign_in_form(page)
    fill_in(page, Person("demo", "not it"))
    expect(page.get_by_text("do not match")).to_be_visible()
    assert not [each for each in page.context.cookies() if "session" in each.get("name", "")]

    fill_in(page, DEMO)
    expect(page.get_by_label("Prompt")).to_be_visible()
    cookie = session_cookie(page.context)
    assert cookie.get("httpOnly") is True
    assert cookie.get("sameSite") == "Lax"
    assert cookie.get("value", "?") not in page.evaluate("document.cookie")
    assert "receipt" not in page.url

    page.reload()
    expect(page.get_by_label("Prompt")).to_be_visible()

    sign_out(page, DEMO)
    thief = new_context()
    thief.add_cookies([cookie])
    stolen = thief.new_page()
    stolen.goto(f"{rehearsal.url}/library")
    expect_sign_in_form(stolen)


def test_a_page_left_open_closes_once_its_sign_in_has_ended(
    rehearsal: App, sign_in_as: Callable[..., BrowserContext], person: Person
) -> None:
    """Signed out in one tab, the other shows nothing that comes later."""
    context = sign_in_as(person)
    left_open, other = context.new_page(), context.new_page()
    for page in (left_open, other):
        page.goto(f"{rehearsal.url}/library")
        expect(page.get_by_text("No videos yet")).to_be_visible()
    sign_out(other, person)
    rehearsal.ask_for(person, "Not for a page that is signed out")
    expect_sign_in_form(left_open)


def test_a_deep_link_survives_sign_in(
    rehearsal: App, new_context: NewContext, owner: Person, clip: Job
) -> None:
    page = new_context().new_page()
    page.goto(f"{rehearsal.url}/library")
    expect_sign_in_form(page)
    fill_in(page, owner)
    expect(card(page, clip.prompt)).to_be_visible()
    expect(page).to_have_url(f"{rehearsal.url}/library")

    page = new_context().new_page()
    sign_in(page, f"{rehearsal.url}/video?job={clip.id}", owner)
    expect(page.locator("video")).to_be_visible()
    expect(page.get_by_text(clip.prompt).first).to_be_visible()
    expect(page).to_have_url(f"{rehearsal.url}/video?job={clip.id}")


def test_forged_and_made_up_cookies_sign_nobody_in(
    rehearsal: App, new_context: NewContext, person: Person, clip: Job
) -> None:
    """Some of them are what the stock library's own cookie would be, signed with its default key."""
    body = {"username": "demo", "exp_date": time.time() + 86400, "exp": int(time.time()) + 86400}
    stock = jwt.encode(body, STOCK_KEY, algorithm="HS256")
    guessed = jwt.encode(body, "any other key will do as well as that", algorithm="HS256")
    token = rehearsal.cookie_of(person)["value"]
    ours = rehearsal.studio.cookie_name
    context = new_context()
    page = context.new_page()
    for forged in (
        {"some_cookie_name": stock, ours: stock},
        {"some_cookie_name": guessed, ours: guessed},
        {ours: token[:-1]},
        {ours: f"{token}x", "studio_session": token},
    ):
        context.clear_cookies()
        context.add_cookies(
            [{"name": name, "value": value, "url": rehearsal.url} for name, value in forged.items()]
        )
        page.goto(f"{rehearsal.url}/video?job={clip.id}")
        expect_sign_in_form(page)


def test_nobody_sees_what_another_person_made(
    rehearsal: App,
    sign_in_as: Callable[..., BrowserContext],
    new_context: NewContext,
    complaints: Complaints,
    owner: Person,
    clip: Job,
) -> None:
    mine = sign_in_as(owner).new_page()
    mine.goto(f"{rehearsal.url}/library")
    link = card(mine, clip.prompt).get_by_role("link", name="Download")
    expect(link).to_be_visible()
    address = address_of(link)
    assert mine.context.request.get(address).status == 200

    complaints.allow("404")
    other = new_context().new_page()
    sign_in(other, f"{rehearsal.url}/library", GUEST)
    expect(other.get_by_text("No videos yet")).to_be_visible()
    expect(other.get_by_text(clip.prompt)).to_have_count(0)
    assert other.context.request.get(address).status == 404

    other.goto(f"{rehearsal.url}/video?job={clip.id}")
    expect(account_menu(other, GUEST)).to_be_visible()
    expect(other.get_by_text("no such video")).to_be_visible()
    expect(other.get_by_text(clip.prompt)).to_have_count(0)
    expect(other.locator("video")).to_have_count(0)

    assert new_context().request.get(address).status == 404
