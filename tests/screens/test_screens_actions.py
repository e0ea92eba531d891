"""What the buttons on a card do, and what they do when pressed twice or too late."""

from __future__ import annotations

import time

import pytest
import sqlalchemy as sa

from jobs.archive import picture_name
from jobs.job import REPEATABLE, State
from jobs.tables import accounts, decisions

PICTURE = "b" * 64 + ".jpg"


def press(tab, key: str):
    tab.button(key).click().run()
    assert not tab.exception, [each.value for each in tab.exception]
    return tab


def keys(tab) -> set[str]:
    return {button.key for button in tab.button}


def decided(screens) -> list[tuple[str, str, str, str | None]]:
    with screens.studio.database.read() as connection:
        found = connection.execute(
            sa.select(decisions.c.who, decisions.c.what, decisions.c.job, decisions.c.detail)
        )
        return [tuple(row) for row in found]


@pytest.fixture(params=["library", "video", "create"])
def page(request):
    return request.param


# -- cancel


def test_a_waiting_video_can_be_cancelled(screens, page):
    job = screens.job(State.QUEUED)
    tab = press(screens.tab(page, job=job.id), f"cancel-{job.id}")
    (after,) = screens.rows()
    assert after.state is State.CANCELLED
    assert decided(screens) == [("paula", "cancel", job.id, None)]
    assert f"cancel-{job.id}" not in keys(tab)
    assert f"again-{job.id}" in keys(tab)


def test_too_late_to_cancel_is_said(screens, page, monkeypatch):
    job = screens.job(State.QUEUED)
    tab = screens.tab(page, job=job.id)
    screens.change(job, state=State.SUBMITTING, started_at=time.time())
    tab.button(f"cancel-{job.id}").click()
    screens.rerun_fragment(tab, f"card-{job.id}", monkeypatch)
    assert not tab.exception
    assert screens.rows()[0].state is State.SUBMITTING
    assert [toast.value for toast in tab.toast] == ["Too late to cancel: it is already being sent."]
    assert f"cancel-{job.id}" not in keys(tab)
    assert not tab.run().toast, "it is said once"


@pytest.mark.parametrize("state", [state for state in State if state is not State.QUEUED])
def test_only_a_waiting_video_offers_to_cancel(screens, state):
    job = screens.job(state)
    assert f"cancel-{job.id}" not in keys(screens.tab("library"))


# -- try again


@pytest.mark.parametrize("state", State)
def test_only_what_ended_without_a_video_offers_to_try_again(screens, state):
    job = screens.job(state)
    assert (f"again-{job.id}" in keys(screens.tab("library"))) is (state in REPEATABLE)


def test_trying_again_asks_for_the_same_as_a_new_video(screens, page):
    job = screens.job(
        State.MODERATED, prompt="a dog", duration=9, resolution="720p", aspect_ratio=None,
        picture=PICTURE, estimate_usd=0.632,
    )  # fmt: skip
    press(screens.tab(page, job=job.id), f"again-{job.id}")
    new, old = screens.rows()
    assert old.state is State.MODERATED
    assert (new.state, new.request_id) == (State.QUEUED, None)
    for name in ("prompt", "duration", "resolution", "aspect_ratio", "picture", "estimate_usd"):
        assert getattr(new, name) == getattr(job, name)


def test_a_double_click_on_try_again_asks_once(screens, page):
    job = screens.job(State.FAILED)
    tab = press(screens.tab(page, job=job.id), f"again-{job.id}")
    press(tab, f"again-{job.id}")
    assert len(screens.rows()) == 2


def test_trying_again_once_more_says_why_nothing_happens(screens, page):
    job = screens.job(State.FAILED)
    tab = press(screens.tab(page, job=job.id), f"again-{job.id}")
    screens.change(screens.rows()[0], state=State.FAILED)
    press(tab, f"again-{job.id}")
    assert len(screens.rows()) == 2
    assert len(tab.toast) == 1


def test_two_tabs_that_try_again_ask_once(screens):
    job = screens.job(State.FAILED)
    tabs = [screens.tab("library"), screens.tab("library")]
    for tab in tabs:
        press(tab, f"again-{job.id}")
    assert len(screens.rows()) == 2


def test_trying_again_counts_towards_the_limit(open_screens):
    screens = open_screens(clips_per_day=1)
    job = screens.job(State.FAILED)
    tab = press(screens.tab("library"), f"again-{job.id}")
    assert "which is the limit here" in tab.error[0].value
    assert len(screens.rows()) == 1


# -- make another


def test_another_fills_the_text_form_and_opens_it(screens, page):
    job = screens.job(
        State.DONE, prompt="a dog", duration=9, resolution="720p", aspect_ratio="9:16"
    )
    tab = screens.tab(page, job=job.id)
    press(screens.open_more(tab, job), f"another-{job.id}")
    assert tab.title[0].value == "What should be seen?"
    assert tab.text_area("text_prompt").value == "a dog"
    assert tab.slider("text_duration").value == 9
    assert tab.button_group("text_resolution").value == "720p"
    assert tab.button_group("text_aspect_ratio").value == "9:16"
    assert len(screens.rows()) == 1, "nothing is asked for yet"


def test_another_replaces_what_this_tab_had_typed_before(screens):
    job = screens.job(State.DONE, prompt="a dog", duration=9)
    tab = screens.tab()
    tab.text_area("text_prompt").set_value("typed before").run()
    tab.slider("text_duration").set_value(2).run()
    press(screens.open_more(tab, job), f"another-{job.id}")
    assert tab.text_area("text_prompt").value == "a dog"
    assert tab.slider("text_duration").value == 9


@pytest.mark.parametrize(
    "source", [{"picture": PICTURE}, {"image_url": "https://pictures.test/cat.jpg"}]
)
@pytest.mark.parametrize("ratio", [None, "1:1"])
def test_another_fills_the_picture_form_and_opens_it(screens, source, ratio):
    screens.studio.archive.put(picture_name(PICTURE), b"a picture")
    job = screens.job(State.DONE, prompt="it waves", aspect_ratio=ratio, **source)
    tab = screens.tab("library")
    press(screens.open_more(tab, job), f"another-{job.id}")
    assert tab.title[0].value == "Bring a picture to life"
    assert tab.text_area("picture_prompt").value == "it waves"
    assert tab.button_group("picture_aspect_ratio").value == (ratio or "keep")
    press(tab, "picture_send")
    new = screens.rows()[0]
    assert (new.prompt, new.aspect_ratio) == ("it waves", ratio)
    assert (new.picture, new.image_url) == (source.get("picture"), source.get("image_url"))


# -- delete


def test_deleting_asks_once_and_keeps_on_second_thoughts(screens, page):
    job = screens.job(State.DONE, files=True)
    tab = screens.open_more(screens.tab(page, job=job.id), job)
    assert f"really-{job.id}" not in keys(tab)
    press(tab, f"delete-{job.id}")
    assert screens.rows()
    assert f"really-{job.id}" in keys(tab)
    press(tab, f"keep-{job.id}")
    assert f"really-{job.id}" not in keys(tab)
    assert f"delete-{job.id}" in keys(tab)
    assert screens.rows()


def test_deleting_for_good_removes_the_files_and_the_card(screens, page):
    screens.studio.archive.put(picture_name(PICTURE), b"a picture")
    job = screens.job(State.DONE, files=True, picture=PICTURE)
    names = [job.clip, job.poster, picture_name(PICTURE)]
    assert all(screens.studio.archive.has(name) for name in names)
    tab = screens.open_more(screens.tab(page, job=job.id), job)
    press(press(tab, f"delete-{job.id}"), f"really-{job.id}")
    assert not screens.rows()
    assert not any(screens.studio.archive.has(name) for name in names)
    assert job.prompt not in [text.value for text in tab.text]
    assert decided(screens) == [("paula", "delete", job.id, None)]


def test_after_deleting_a_video_on_its_own_page_the_library_opens(screens):
    job = screens.job(State.DONE, files=True)
    tab = screens.tab("video", job=job.id)
    press(press(tab, f"delete-{job.id}"), f"really-{job.id}")
    assert tab.title[0].value == "Library"


def test_a_picture_stays_while_another_video_uses_it(screens):
    screens.studio.archive.put(picture_name(PICTURE), b"a picture")
    first = screens.job(State.DONE, files=True, picture=PICTURE)
    second = screens.job(State.FAILED, picture=PICTURE, owner="peter")
    tab = screens.open_more(screens.tab("library"), first)
    press(press(tab, f"delete-{first.id}"), f"really-{first.id}")
    assert screens.studio.archive.has(picture_name(PICTURE))
    screens.sign_in("peter")
    tab = screens.open_more(screens.tab("library"), second)
    press(press(tab, f"delete-{second.id}"), f"really-{second.id}")
    assert not screens.studio.archive.has(picture_name(PICTURE))


@pytest.mark.parametrize("state", State)
def test_only_what_has_ended_can_be_deleted(screens, state):
    job = screens.job(state)
    tab = screens.open_more(screens.tab("library"), job)
    assert (f"delete-{job.id}" in keys(tab)) is (not job.is_live)


# -- play


def players(tab) -> list[str]:
    return [video.proto.url for video in tab.get("video")]


def test_one_player_at_a_time(screens):
    first, second = screens.job(State.DONE), screens.job(State.DONE)
    tab = screens.tab("library")
    assert not players(tab)
    assert len(tab.image) == 2
    press(tab, f"play-{first.id}").run()
    (url,) = players(tab)
    assert len(tab.image) == 1
    assert tab.button(f"play-{first.id}").label == "Close"
    assert tab.button(f"play-{second.id}").label == "Play"
    for _ in range(3):
        tab.run()
        assert players(tab) == [url], "another address would send it back to its start"
    press(tab, f"play-{second.id}").run()
    assert len(players(tab)) == 1
    assert players(tab) != [url]
    press(tab, f"play-{second.id}").run()
    assert not players(tab)
    assert len(tab.image) == 2


def test_play_redraws_just_the_two_cards(screens):
    first, second, third = (screens.job(State.DONE) for _ in range(3))
    tab = press(screens.tab("library"), f"play-{first.id}")
    assert {key for key in keys(tab) if key and key.startswith("play-")} == {f"play-{first.id}"}
    press(tab.run(), f"play-{second.id}")
    redrawn = {key for key in keys(tab) if key and key.startswith("play-")}
    assert redrawn == {f"play-{first.id}", f"play-{second.id}"}
    assert third.id not in redrawn


def test_play_works_after_the_page_was_turned(screens):
    made = [screens.job(State.DONE, created_at=1e9 + n) for n in range(13)]
    tab = press(screens.tab("library"), f"play-{made[-1].id}").run()
    tab.pagination[0].select(2).run()
    assert not players(tab)
    press(tab, f"play-{made[0].id}").run()
    assert len(players(tab)) == 1


def test_a_video_without_a_poster_still_plays_on_demand(screens):
    job = screens.job(State.DONE, poster=None)
    tab = screens.tab("library")
    assert not players(tab)
    assert not tab.image
    press(tab, f"play-{job.id}").run()
    assert len(players(tab)) == 1


def test_its_own_page_shows_the_player_and_the_same_address_each_time(screens):
    job = screens.job(State.DONE)
    tab = screens.tab("video", job=job.id)
    (url,) = players(tab)
    assert players(tab.run()) == [url]
    assert [link.url for link in tab.link_button] == [url.removeprefix("/") + "?download=1"]
    assert not tab.get("video")[0].proto.autoplay


def test_addresses_are_each_sessions_own(screens):
    job = screens.job(State.DONE)
    (first,) = players(screens.tab("video", job=job.id))
    screens.sign_in("paula")
    assert players(screens.tab("video", job=job.id)) != [first]


def test_a_video_that_played_does_not_start_by_itself_on_the_way_back(screens):
    job = screens.job(State.DONE)
    tab = press(screens.tab("library"), f"play-{job.id}")
    screens.go(tab, "picture")
    screens.go(tab, "library")
    assert not players(tab)


# -- an unknown outcome


def test_a_found_request_id_recovers_the_video(screens, page):
    job = screens.job(State.UNKNOWN, reason="ambiguous")
    tab = screens.tab(page, job=job.id)
    tab.text_input(f"found-{job.id}").set_value("  req-42 ")
    press(tab, f"recover-{job.id}")
    (after,) = screens.rows()
    assert (after.state, after.request_id) == (State.PENDING, "req-42")
    assert decided(screens) == [("paula", "recover", job.id, "req-42")]
    assert f"recover-{job.id}" not in keys(tab)


@pytest.mark.parametrize("typed", ["", "   ", "two words", "请求", ".."])
def test_what_cannot_be_a_request_id_is_refused_with_a_sentence(screens, typed):
    job = screens.job(State.UNKNOWN)
    tab = screens.tab("library")
    tab.text_input(f"found-{job.id}").set_value(typed)
    press(tab, f"recover-{job.id}")
    assert screens.rows()[0].state is State.UNKNOWN
    assert len(tab.error) == 1
    assert tab.text_input(f"found-{job.id}").value == typed


def test_sending_again_needs_a_persons_word(screens, page):
    job = screens.job(State.UNKNOWN, prompt="a dog")
    tab = screens.tab(page, job=job.id)
    assert tab.button(f"resend-{job.id}").disabled
    tab.checkbox(f"sure-{job.id}").check().run()
    press(tab, f"resend-{job.id}")
    new, old = screens.rows()
    assert (new.state, new.prompt) == (State.QUEUED, "a dog")
    assert old.state is State.UNKNOWN
    assert decided(screens) == [("paula", "send again", job.id, None)]


def test_a_double_click_on_send_again_is_charged_once(screens, page):
    job = screens.job(State.UNKNOWN)
    tab = screens.tab(page, job=job.id)
    tab.checkbox(f"sure-{job.id}").check().run()
    press(tab, f"resend-{job.id}")
    if not tab.button(f"resend-{job.id}").disabled:
        press(tab, f"resend-{job.id}")
    assert len(screens.rows()) == 2


def test_two_tabs_that_send_again_are_charged_once(screens):
    job = screens.job(State.UNKNOWN)
    tabs = [screens.tab("library"), screens.tab("library")]
    for tab in tabs:
        tab.checkbox(f"sure-{job.id}").check().run()
    for tab in tabs:
        press(tab, f"resend-{job.id}")
    assert len(screens.rows()) == 2


def test_sending_again_counts_towards_the_limit(open_screens):
    screens = open_screens(clips_per_day=1)
    job = screens.job(State.UNKNOWN)
    tab = screens.tab("library")
    tab.checkbox(f"sure-{job.id}").check().run()
    press(tab, f"resend-{job.id}")
    assert "which is the limit here" in tab.error[0].value
    assert len(screens.rows()) == 1


@pytest.mark.parametrize("state", [state for state in State if state is not State.UNKNOWN])
def test_only_an_unknown_outcome_offers_these_ways(screens, state):
    job = screens.job(state)
    assert not keys(screens.tab("library")) & {f"recover-{job.id}", f"resend-{job.id}"}


# -- a role that was taken away while the page was open


@pytest.mark.parametrize(
    ("state", "button"),
    [(State.FAILED, "again"), (State.UNKNOWN, "resend"), (State.DONE, "another")],
)
def test_a_demoted_persons_open_card_makes_nothing(screens, state, button, monkeypatch):
    job = screens.job(state)
    tab = screens.open_more(screens.tab("library"), job)
    if button == "resend":
        tab.checkbox(f"sure-{job.id}").check().run()
    tab.button(f"{button}-{job.id}").click()
    with screens.studio.database.write() as connection:
        mine = sa.update(accounts).where(accounts.c.username == "paula")
        connection.execute(mine.values(roles="viewer"))
    screens.rerun_fragment(tab, f"card-{job.id}", monkeypatch)
    assert not tab.exception
    assert len(screens.rows()) == 1
    assert not screens.studio.store.draft("paula", "text")
