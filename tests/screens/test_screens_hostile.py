"""Words that people typed are shown as they are, wherever they are shown, and never rendered."""

from __future__ import annotations

import time

import pytest
import sqlalchemy as sa

from jobs.job import State
from jobs.tables import accounts

MARK = "Zq7Hostile"
HOSTILE = (
    f"![{MARK}](http://evil.test/x.png) [click](javascript:alert(1)) <script>{MARK}</script> "
    f"<img src=x onerror=alert(1)> :red[{MARK}] $x$ `code` :material/home: # {MARK}\n\n# {MARK}"
)
PLAIN = {
    ("text", "body"),
    ("code", "code_text"),
    ("image", "imgs.alt"),
    ("video", "alt"),
    ("text_area", "value"),
    ("text_area", "default"),
    ("text_input", "value"),
    ("text_input", "default"),
    ("bidi_component", "json"),
}
"""Where a browser takes text as text."""


def places(screens, tab) -> set[tuple[str, str]]:
    return {(kind, field) for kind, field, text in screens.words(tab) if MARK in text}


@pytest.mark.parametrize("page", ["create", "picture", "library", "video"])
@pytest.mark.parametrize("state", State)
def test_a_hostile_prompt_stays_text(screens, state, page):
    job = screens.job(state, prompt=HOSTILE, detail=HOSTILE)
    tab = screens.tab(page, job=job.id)
    screens.open_more(tab, job)
    tab.session_state["playing"] = job.id
    tab.run()
    assert not tab.exception
    found = places(screens, tab)
    assert ("text", "body") in found
    assert found <= PLAIN


@pytest.mark.parametrize("button", ["again", "another", "cancel", "resend", "delete"])
def test_no_button_says_a_prompt_in_another_way(screens, button):
    states = {
        "again": State.FAILED, "another": State.DONE, "cancel": State.QUEUED,
        "resend": State.UNKNOWN, "delete": State.DONE,
    }  # fmt: skip
    job = screens.job(states[button], prompt=HOSTILE)
    tab = screens.open_more(screens.tab("library"), job)
    if button == "resend":
        tab.checkbox(f"sure-{job.id}").check().run()
    tab.button(f"{button}-{job.id}").click().run()
    assert not tab.exception
    assert places(screens, tab) <= PLAIN


def test_a_hostile_prompt_in_the_form_stays_text(screens):
    tab = screens.tab()
    tab.text_area("text_prompt").set_value(HOSTILE).run()
    tab.button_group("text_move").set_value("tracking shot").run()
    tab.button("text_send").click().run()
    assert len(screens.rows()) == 1
    assert places(screens, tab) <= PLAIN
    tab.text_area("text_prompt").set_value(HOSTILE * 50).run()
    tab.button("text_send").click().run()
    assert tab.error
    assert places(screens, tab) <= PLAIN


def test_a_hostile_link_stays_text(screens):
    tab = screens.tab("picture")
    for link in (
        f"https://evil.test/{MARK}.png",
        f"http://{MARK}/x",
        f"](x) ![{MARK}](http://e/x)",
    ):
        tab.text_input("picture_image_url").set_value(link).run()
        tab.text_area("picture_prompt").set_value("it waves").run()
        tab.button("picture_send").click().run()
        assert not tab.exception
        assert places(screens, tab) <= PLAIN


def test_a_hostile_upload_name_stays_text(screens):
    tab = screens.tab("picture")
    tab.file_uploader[0].upload(f"![{MARK}](http://evil.test/x).png", b"no picture " * 20)
    tab.run()
    assert tab.error
    assert not places(screens, tab)


def test_a_hostile_prompt_in_the_table_is_a_cell(screens):
    screens.job(State.DONE, prompt=HOSTILE)
    tab = screens.tab("library")
    tab.button_group("view").set_value("table").run()
    assert not tab.exception
    assert {kind for kind, _ in places(screens, tab)} == {"dataframe"}


@pytest.mark.parametrize("state", State)
def test_a_hostile_request_id_cannot_leave_its_code(screens, state):
    hostile = f"`![{MARK}](http://evil.test/x)`$y$`"
    job = screens.job(state, request_id=hostile)
    tab = screens.open_more(screens.tab("library"), job)
    shown = [each.value for each in tab.caption if MARK in each.value]
    assert len(shown) == 1
    assert f"`![{MARK}](http://evil.test/x)\\$y\\$`" in shown[0]
    assert shown[0].count("`") == 2


@pytest.mark.parametrize("page", ["create", "picture", "library", "video"])
def test_a_hostile_name_of_a_person_stays_text(screens, page):
    with screens.studio.database.write() as connection:
        mine = sa.update(accounts).where(accounts.c.username == "paula")
        connection.execute(mine.values(first_name=f"![{MARK}](http://evil.test/x.png)"))
    tab = screens.tab(page)
    assert not tab.exception
    shown = [each for each in screens.words(tab) if MARK in each[2]]
    (found,) = {each for each in shown if each[1] != "id"}
    assert found == (
        "popover", "popover.label", rf"\!\[{MARK}\]\(http\://evil\.test/x\.png\)"
    )  # fmt: skip


def test_hostile_fields_of_an_old_draft_stay_text(screens):
    draft = {"prompt": HOSTILE, "image_url": HOSTILE, "aspect_ratio": HOSTILE, "picture": HOSTILE}
    screens.studio.store.save_draft("paula", "picture", draft, time.time())
    tab = screens.tab("picture")
    tab.button("picture_send").click().run()
    assert not tab.exception
    assert places(screens, tab) <= PLAIN
    assert not screens.rows()


@pytest.mark.parametrize("query", [HOSTILE, MARK * 100])
def test_a_hostile_address_is_not_shown_at_all(screens, query):
    tab = screens.tab("video", job=query)
    assert not tab.exception
    assert not places(screens, tab)


def test_a_hostile_sign_in_is_not_shown_outside_its_field(open_screens):
    screens = open_screens(None)
    tab = screens.tab()
    tab.text_input("username").set_value(HOSTILE)
    tab.text_input("password").set_value(HOSTILE)
    tab.form_submit_button[0].click().run()
    assert not tab.exception
    assert places(screens, tab) <= PLAIN
