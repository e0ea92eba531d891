"""The watcher: what is redrawn when something changed, and for whom."""

from __future__ import annotations

import time

import pytest
import streamlit as st

import ui.live
from jobs.job import State
from ui import cards


@pytest.fixture
def compare(monkeypatch):
    """Compares as the page's socket does on "changed", with the tab's own view."""

    def run(tab):
        with monkeypatch.context() as patch:
            patch.setattr(st, "session_state", tab.session_state)
            return cards._compare()

    return run


@pytest.fixture
def page(screens):
    made = [screens.job(State.PENDING, created_at=1e9 + n) for n in range(3)]
    tab = screens.tab("library")
    tab.session_state["paused"] = None
    return tab, made


def test_nothing_new_redraws_nothing(page, compare):
    tab, _ = page
    assert compare(tab) == []


def test_another_persons_news_redraw_nothing(screens, page, compare):
    tab, _ = page
    screens.job(State.DONE, owner="peter")
    assert compare(tab) == []


def test_only_the_cards_that_changed_are_redrawn(screens, page, compare):
    tab, made = page
    screens.change(made[0], state=State.DONE)
    screens.change(made[2], progress=40)
    assert sorted(compare(tab)) == sorted([f"card-{made[0].id}", f"card-{made[2].id}"])
    assert compare(tab) == [], "once"


@pytest.mark.parametrize("what", ["new", "deleted", "paused", "resumed", "signed out"])
def test_the_whole_page_is_redrawn_when_the_list_or_the_banner_changes(
    screens, page, compare, what
):
    tab, made = page
    now = time.time()
    match what:
        case "new":
            screens.job(State.QUEUED)
        case "deleted":
            screens.change(made[0], deleted_at=now)
        case "paused":
            screens.pause("auth_error")
        case "resumed":
            screens.pause("quota_error")
            tab.run()
            assert compare(tab) == []
            screens.studio.store.resume_gateway("peter", now)
        case "signed out":
            screens.sign_out()
    assert compare(tab) is None


def test_a_video_on_another_page_of_the_library_changes_only_the_count(screens, compare):
    for n in range(13):
        screens.job(State.DONE, created_at=1e9 + n)
    tab = screens.tab("library")
    screens.job(State.DONE, created_at=1.0)
    assert compare(tab) is None, "there may be a page more to turn to"


def test_a_playing_card_is_not_moved_by_a_new_one(screens, compare):
    done = screens.job(State.DONE, created_at=1e9)
    pending = screens.job(State.PENDING, created_at=1e9 + 1)
    tab = screens.tab("library")
    tab.button(f"play-{done.id}").click().run()
    tab.run()
    screens.job(State.QUEUED)
    screens.change(pending, state=State.DONE)
    assert compare(tab) == [f"card-{pending.id}"]
    assert tab.session_state["shown"].held_back


@pytest.mark.parametrize("ending", ["signed out", "somebody else"])
def test_a_card_alone_shows_nothing_to_whoever_is_not_its_person(
    screens, page, monkeypatch, ending
):
    tab, made = page
    if ending == "signed out":
        screens.sign_out()
    else:
        screens.sign_in("peter")
    screens.change(made[0], prompt="too late to see")
    screens.rerun_fragment(tab, f"card-{made[0].id}", monkeypatch)
    assert not tab.exception
    said = screens.said(tab)
    assert made[1].prompt not in [text.value for text in tab.text]
    assert "too late to see" not in said
    if ending == "signed out":
        assert [field.key for field in tab.text_input] == ["username", "password"]


def test_a_card_alone_is_redrawn_alone(screens, page, monkeypatch):
    tab, made = page
    screens.rerun_fragment(tab, f"card-{made[0].id}", monkeypatch)
    assert not tab.exception
    assert not tab.title
    assert made[0].prompt in [text.value for text in tab.text]
    assert [each[2] for each in screens.words(tab) if each[1] == "json"], "with its clock"


@pytest.mark.parametrize("ending", [False, True])
def test_without_a_socket_the_page_asks_at_intervals(screens, page, monkeypatch, ending):
    tab, made = page
    mounted = []
    monkeypatch.setattr(ui.live, "_socket", lambda **values: mounted.append(values))
    tab.session_state["live"] = {"socket": "down"}
    tab.run()
    screens.rerun_fragment(tab, ui.live.WATCH, monkeypatch)
    assert not tab.title, "nothing changed: only the watcher ran"
    tab.session_state["live"] = {"socket": "down"}
    screens.change(made[0], state=State.DONE, prompt="it has come")
    if ending:
        screens.sign_out()
    screens.rerun_fragment(tab, ui.live.WATCH, monkeypatch)
    assert not tab.exception
    assert ("it has come" in screens.said(tab)) is (not ending)


def test_the_sockets_token_is_the_sessions_own(screens, page, monkeypatch):
    tab, _ = page
    mounted = []
    monkeypatch.setattr(ui.live, "_socket", lambda **values: mounted.append(values))
    tab.run()
    first = mounted[-1]["data"]["token"]
    tab.run()
    assert mounted[-1]["data"]["token"] == first
    screens.sign_in("paula")
    tab.run()
    assert mounted[-1]["data"]["token"] != first
