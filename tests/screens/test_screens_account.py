"""Coming in, going out, one's language, and letting held-back submissions go on."""

from __future__ import annotations

import json
import re
import time

import pytest
import sqlalchemy as sa

from jobs.job import State
from jobs.tables import accounts, gateways, sessions
from studio import RECEIPT


def sign_in(tab, username: str, password: str):
    tab.text_input("username").set_value(username)
    tab.text_input("password").set_value(password)
    tab.form_submit_button[0].click().run()
    assert not tab.exception, [each.value for each in tab.exception]
    return tab


def scripts(tab) -> list[str]:
    return [html.value for html in tab.html if "location.replace" in html.value]


@pytest.fixture
def door(open_screens):
    return open_screens(None)


# -- the sign-in form


@pytest.mark.parametrize(("username", "password"), [("", ""), ("paula", ""), ("  ", "demo")])
def test_a_blank_field_is_not_a_try(door, username, password):
    tab = door.tab()
    for _ in range(6):
        sign_in(tab, username, password)
    assert [error.value for error in tab.error] == ["Enter your username and your password."]
    assert not scripts(tab)


@pytest.mark.parametrize(("username", "password"), [("paula", "wrong"), ("nobody", "demo")])
def test_a_wrong_name_reads_like_a_wrong_password(door, username, password):
    tab = sign_in(door.tab(), username, password)
    assert [error.value for error in tab.error] == [
        "That username and password do not match. Check both and try again."
    ]
    assert tab.text_input("username").value == username
    assert not scripts(tab)


def test_after_five_wrong_tries_even_the_right_password_waits(door):
    tab = door.tab()
    for _ in range(5):
        sign_in(tab, "paula", "wrong")
    sign_in(tab, "paula", "demo")
    assert re.fullmatch(r"Too many tries\. Wait 1?\d min, then try again\.", tab.error[0].value)
    assert not scripts(tab)
    assert not scripts(sign_in(door.tab(), "paula", "demo")), "nor in another tab"


@pytest.mark.parametrize("page", ["create", "picture", "library", "video"])
def test_the_right_password_sends_the_browser_for_its_cookie(door, page):
    tab = sign_in(door.tab(page), "Paula ", "demo")
    assert not tab.error
    (script,) = scripts(tab)
    path, query = (
        json.loads(re.search(rf"{start}(.*?){end}", script)[1])
        for start, end in ((r"new URL\(", r", document\.baseURI"), ("const query = ", ";\n"))
    )
    assert path == "app/session/open"
    assert set(query) == {"ticket"}
    claimed = door.studio.sessions.claim_ticket(query["ticket"], time.time())
    assert claimed.session.username == "paula"


def test_the_language_chosen_at_the_door_is_kept(door):
    tab = door.tab()
    tab.button_group("language_switch").set_value("zh").run()
    sign_in(tab, "paula", "demo")
    assert scripts(tab)
    door.sign_in("paula")
    assert door.tab().button_group("language_switch").value == "zh", "the page after the cookie"


def test_signing_in_without_touching_the_switch_keeps_the_language_of_before(door):
    door.studio.store.save_draft("paula", "preferences", {"language": "zh"}, time.time())
    sign_in(door.tab(), "paula", "demo")
    door.sign_in("paula")
    assert door.tab().button_group("language_switch").value == "zh"


def test_samples_stand_there_in_a_rehearsal_only(open_screens):
    tab = open_screens(None).tab()
    shown = tab.table[0].value
    assert shown.iloc[0].tolist() == ["demo", "demo"]
    tab = sign_in(tab, "demo", "demo")
    assert scripts(tab)
    real = open_screens(None, grok_api_key="a-key").tab()
    assert not real.table
    assert not scripts(sign_in(real, "demo", "demo"))


# -- signing out


@pytest.mark.parametrize("page", ["create", "picture", "library", "video"])
def test_signing_out_ends_the_session_on_the_server(screens, page):
    screens.job(State.DONE, prompt="of paula")
    tab = screens.tab(page)
    before = screens.session.id
    screens.label(tab, "Sign out").click().run()
    assert not tab.exception
    assert [field.key for field in tab.text_input] == ["username", "password"]
    assert "of paula" not in screens.said(tab)
    (script,) = scripts(tab)
    assert '"app/session/close"' in script
    with screens.studio.database.read() as connection:
        revoked = sa.select(sessions.c.revoked_at).where(sessions.c.id == before)
        assert connection.execute(revoked).scalar_one() is not None
    assert not scripts(tab.run()), "the cookie is cleared once"


def test_nothing_of_the_person_before_is_left_in_the_tab(screens):
    tab = screens.tab()
    tab.text_area("text_prompt").set_value("a secret thought").run()
    screens.label(tab, "Sign out").click().run()
    assert "a secret thought" not in str(tab.session_state.to_dict())
    screens.sign_in("peter")
    tab.run()
    assert "a secret thought" not in screens.said(tab)
    assert tab.text_area("text_prompt").value in ("", None)


@pytest.mark.parametrize("page", ["create", "picture", "library", "video"])
def test_another_person_in_the_same_tab_finds_nothing_of_the_one_before(screens, page):
    """The cookie may change under an open page: somebody signs in in another tab."""
    job = screens.job(State.DONE, prompt="of paula")
    tab = screens.tab()
    tab.text_area("text_prompt").set_value("a thought of paula").run()
    screens.go(tab, page, job=job.id)
    screens.sign_in("peter")
    tab.run()
    assert not tab.exception
    assert "of paula" not in screens.said(tab)
    screens.go(tab, "create")
    assert "of paula" not in screens.said(tab)
    tab.slider("text_duration").set_value(2).run()
    assert "of paula" not in str(screens.studio.store.draft("peter", "text"))


def test_a_session_that_ended_elsewhere_leaves_the_form(screens):
    tab = screens.tab("library")
    screens.sign_out()
    tab.run()
    assert [field.key for field in tab.text_input] == ["username", "password"]


def test_a_renamed_or_removed_account_is_out_at_once(screens):
    tab = screens.tab("library")
    with screens.studio.database.write() as connection:
        connection.execute(sa.delete(accounts).where(accounts.c.username == "paula"))
    tab.run()
    assert [field.key for field in tab.text_input] == ["username", "password"]


# -- a host that drops cookies


def test_without_cookies_the_receipt_signs_this_tab_in(door):
    store = door.studio.sessions
    claimed = store.claim_ticket(store.issue_ticket("paula", time.time()), time.time())
    tab = door.tab(**{RECEIPT: claimed.receipt})
    assert not tab.exception
    assert "This host drops cookies" in tab.warning[0].value
    assert RECEIPT not in tab.query_params
    for page in ("picture", "library", "video", "create"):
        screens_said = door.said(door.go(tab, page))
        assert not tab.exception
        assert "This host drops cookies" in screens_said
    second = door.tab(**{RECEIPT: claimed.receipt})
    assert [field.key for field in second.text_input] == ["username", "password"], "good once"
    door.label(tab, "Sign out").click().run()
    assert [field.key for field in tab.text_input] == ["username", "password"]
    assert store.get(claimed.session.id, time.time()) is None, "the cookie's session has ended, too"


def test_a_tab_that_was_taken_over_by_a_cookie_never_goes_back_to_its_person_before(door):
    store = door.studio.sessions
    claimed = store.claim_ticket(store.issue_ticket("paula", time.time()), time.time())
    tab = door.tab(**{RECEIPT: claimed.receipt})
    assert "paula" in door.said(tab)
    door.sign_in("peter")
    assert "peter" in door.said(tab.run())
    door.sign_out()
    assert [field.key for field in tab.run().text_input] == ["username", "password"]


# -- language


def test_the_language_is_the_persons_and_outlives_refresh_and_pages(screens):
    tab = screens.tab()
    assert tab.title[0].value == "What should be seen?"
    tab.button_group("language_switch").set_value("zh").run()
    assert not tab.exception
    assert screens.studio.store.draft("paula", "preferences") == {"language": "zh"}
    assert tab.button_group("language_switch").value == "zh"
    screens.go(tab, "library")
    assert tab.button_group("language_switch").value == "zh"
    fresh = screens.tab()
    assert fresh.button_group("language_switch").value == "zh"
    fresh.button_group("language_switch").set_value("en").run()
    assert screens.tab().title[0].value == "What should be seen?"
    screens.sign_in("peter")
    assert screens.tab().button_group("language_switch").value == "en", "only paula's"


def test_nothing_typed_is_lost_when_the_language_changes(screens):
    tab = screens.tab()
    tab.text_area("text_prompt").set_value("a cat").run()
    tab.slider("text_duration").set_value(9).run()
    tab.button_group("text_resolution").set_value("720p").run()
    tab.button_group("language_switch").set_value("zh").run()
    assert tab.text_area("text_prompt").value == "a cat"
    assert tab.slider("text_duration").value == 9
    assert tab.button_group("text_resolution").value == "720p"


@pytest.mark.parametrize(("locale", "expected"), [("zh-CN", "zh"), ("zh", "zh"), ("de-DE", "en")])
def test_the_browsers_language_comes_first(door, locale, expected):
    tab = door.tab()
    tab.context = {"locale": locale}
    assert tab.run().button_group("language_switch").value == expected


# -- letting submissions go on


def held_back(screens) -> tuple:
    with screens.studio.database.read() as connection:
        query = sa.select(gateways.c.paused_kind, gateways.c.next_check_at)
        return tuple(connection.execute(query).one())


def test_credit_added_lets_submissions_go_on(screens):
    screens.pause("quota_error")
    tab = screens.tab("library")
    assert tab.button("resume").label == "Credit added: go on"
    tab.button("resume").click().run()
    assert held_back(screens)[0] is None
    assert not tab.error


def test_a_refused_key_is_checked_first(screens):
    screens.pause("auth_error")
    tab = screens.tab("library")
    assert tab.button("resume").label == "Check the key now"
    assert held_back(screens)[1] > time.time() + 10
    tab.button("resume").click().run()
    kind, next_check = held_back(screens)
    assert kind == "auth_error", "only a check that passes lets anything go on"
    assert next_check <= time.time()
    assert tab.error
