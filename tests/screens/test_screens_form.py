"""The request form: what it asks for, what it keeps, what it refuses."""

from __future__ import annotations

import time

import pytest

from jobs.job import NewJob, State
from ui import request_form

LINK = "https://pictures.test/cat.jpg"


def fill(tab, form: str, **values):
    """Types into the fields, each as a person does: one after the other."""
    for name, value in values.items():
        match name:
            case "prompt":
                tab.text_area(f"{form}_prompt").set_value(value).run()
            case "image_url":
                tab.text_input("picture_image_url").set_value(value).run()
            case "duration":
                tab.slider(f"{form}_duration").set_value(value).run()
            case _:
                tab.button_group(f"{form}_{name}").set_value(value).run()
    assert not tab.exception
    return tab


def send(tab, form: str = "text"):
    tab.button(f"{form}_send").click().run()
    assert not tab.exception
    return tab


def estimate(tab) -> str:
    (line,) = [each.value for each in tab.markdown if each.value.startswith("Estimated cost")]
    return line.removeprefix("Estimated cost: **about ").removesuffix("**")


# -- asking


def test_a_sentence_becomes_a_queued_row(screens):
    tab = fill(
        screens.tab(), "text", prompt="  a cat, slow zoom in \n", duration=9,
        resolution="720p", aspect_ratio="9:16",
    )  # fmt: skip
    send(tab)
    (job,) = screens.rows()
    assert (job.state, job.owner, job.gateway) == (State.QUEUED, "paula", "rehearsal")
    assert (job.prompt, job.duration, job.resolution) == ("a cat, slow zoom in", 9, "720p")
    assert (job.aspect_ratio, job.image_url, job.picture) == ("9:16", None, None)
    assert job.estimate_usd == pytest.approx(0.63)
    assert len(tab.toast) == 1
    assert job.prompt in [text.value for text in tab.text], "the card stands below at once"
    assert tab.text_area("text_prompt").value == "  a cat, slow zoom in \n", "ready for the next"


def test_a_link_becomes_a_queued_row_that_keeps_the_pictures_shape(screens):
    tab = fill(screens.tab("picture"), "picture", prompt="it waves", image_url=f" {LINK} ")
    send(tab, "picture")
    (job,) = screens.rows()
    assert (job.prompt, job.image_url, job.picture) == ("it waves", LINK, None)
    assert job.aspect_ratio is None
    assert job.estimate_usd == pytest.approx(0.302)
    assert "the picture's shape" in screens.said(tab)


def test_a_picture_can_be_put_into_another_shape(screens):
    tab = fill(screens.tab("picture"), "picture", prompt="x", image_url=LINK, aspect_ratio="1:1")
    send(tab, "picture")
    assert screens.rows()[0].aspect_ratio == "1:1"


def test_the_text_form_never_sends_the_other_forms_picture(screens):
    tab = fill(screens.tab("picture"), "picture", prompt="with it", image_url=LINK)
    screens.go(tab, "create")
    fill(tab, "text", prompt="without it")
    send(tab)
    assert (screens.rows()[0].image_url, screens.rows()[0].prompt) == (None, "without it")


@pytest.mark.parametrize("form", ["text", "picture"])
def test_a_double_click_asks_once(screens, form):
    tab = screens.tab("picture" if form == "picture" else "create")
    fill(tab, form, prompt="a cat", **({"image_url": LINK} if form == "picture" else {}))
    send(send(tab, form), form)
    assert len(screens.rows()) == 1


def test_the_same_again_after_a_while_is_a_second_video(screens, monkeypatch):
    tab = send(fill(screens.tab(), "text", prompt="a cat"))
    monkeypatch.setattr(request_form, "DOUBLE_CLICK", 0.0)
    send(tab)
    assert len(screens.rows()) == 2


def test_two_different_requests_in_a_hurry_are_two_videos(screens):
    tab = send(fill(screens.tab(), "text", prompt="a cat"))
    send(fill(tab, "text", prompt="a dog"))
    assert [job.prompt for job in screens.rows()] == ["a dog", "a cat"]


def test_two_tabs_that_ask_for_the_same_are_two_videos(screens):
    for _ in range(2):
        send(fill(screens.tab(), "text", prompt="a cat"))
    assert len(screens.rows()) == 2


def test_the_worker_is_woken(screens, monkeypatch):
    woken = []
    monkeypatch.setattr(screens.studio, "wake", lambda: woken.append(True))
    send(fill(screens.tab(), "text", prompt="a cat"))
    assert woken == [True]


# -- the estimate


def test_the_estimate_follows_each_choice(screens):
    tab = screens.tab()
    assert estimate(tab) == "$0.30"
    assert estimate(fill(tab, "text", duration=1)) == "$0.050"
    assert estimate(fill(tab, "text", resolution="720p")) == "$0.070"
    assert estimate(fill(tab, "text", duration=15)) == "$1.05"
    screens.go(tab, "picture")
    assert estimate(tab) == "$0.30"
    assert estimate(fill(tab, "picture", duration=1)) == "$0.052", "the picture costs, too"


# -- camera moves


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "slow zoom in"),
        ("a cat", "a cat, slow zoom in"),
        ("a cat. ", "a cat. slow zoom in"),
        ("一只猫，", "一只猫， slow zoom in"),
    ],
)
def test_a_camera_move_is_added_to_the_prompt(screens, before, after):
    tab = fill(screens.tab(), "text", prompt=before)
    tab.button_group("text_move").set_value("slow zoom in").run()
    assert tab.text_area("text_prompt").value == after
    assert tab.button_group("text_move").value is None, "it can be pressed again"
    assert screens.studio.store.draft("paula", "text")["prompt"] == after


def test_camera_moves_can_be_strung_together(screens):
    tab = screens.tab()
    for move in ("slow zoom in", "tracking shot"):
        tab.button_group("text_move").set_value(move).run()
    assert tab.text_area("text_prompt").value == "slow zoom in, tracking shot"


# -- drafts


TYPED = {"prompt": "half a thought", "duration": 3, "resolution": "720p", "aspect_ratio": "1:1"}


@pytest.mark.parametrize("form", ["text", "picture"])
def test_what_is_typed_outlives_a_refresh(screens, form):
    page = "picture" if form == "picture" else "create"
    typed = TYPED | ({"image_url": "https://half.a/link"} if form == "picture" else {})
    fill(screens.tab(page), form, **typed)
    assert values(screens.tab(page), form) == typed, "a fresh tab finds it"
    assert not screens.rows()


def test_the_two_forms_keep_apart_and_outlive_page_changes(screens):
    tab = fill(screens.tab(), "text", **TYPED)
    screens.go(tab, "picture")
    fill(tab, "picture", prompt="something else")
    screens.go(tab, "library")
    screens.go(tab, "create")
    assert values(tab, "text") == TYPED
    screens.go(tab, "picture")
    assert tab.text_area("picture_prompt").value == "something else"


def test_a_draft_is_the_persons_own(screens):
    fill(screens.tab(), "text", prompt="paula's thought")
    screens.sign_in("peter")
    assert screens.tab().text_area("text_prompt").value in ("", None)


@pytest.mark.parametrize(
    "draft",
    [
        {"duration": 99, "resolution": "8k", "aspect_ratio": "2:1"},
        {"prompt": None, "duration": None, "resolution": None, "aspect_ratio": None},
        {"prompt": 7, "duration": "six", "image_url": None, "picture": 3},
        {"prompt": ["a"], "picture": "../../secret", "image_url": {"a": 1}},
        {},
    ],
)
@pytest.mark.parametrize("form", ["text", "picture"])
def test_a_draft_of_an_older_release_cannot_break_the_form(screens, draft, form):
    screens.studio.store.save_draft("paula", form, draft, time.time())
    tab = screens.tab("picture" if form == "picture" else "create")
    assert not tab.exception, [each.value for each in tab.exception]
    assert values(tab, form)["duration"] == 6
    send(tab, form)
    assert not screens.rows()


def test_a_draft_is_not_written_for_somebody_whose_session_has_ended(screens):
    tab = fill(screens.tab(), "text", prompt="before")
    screens.sign_out()
    tab.text_area("text_prompt").set_value("after").run()
    assert screens.studio.store.draft("paula", "text")["prompt"] == "before"
    assert [field.key for field in tab.text_input] == ["username", "password"]


def values(tab, form: str) -> dict:
    found = {
        "prompt": tab.text_area(f"{form}_prompt").value,
        "duration": tab.slider(f"{form}_duration").value,
        "resolution": tab.button_group(f"{form}_resolution").value,
        "aspect_ratio": tab.button_group(f"{form}_aspect_ratio").value,
    }
    if form == "picture":
        found["image_url"] = tab.text_input("picture_image_url").value
    return found


# -- refusals: a sentence of its own each, nothing typed lost, no row


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        ("", "The prompt is empty. Say what should be seen."),
        (" \n\t", "The prompt is empty. Say what should be seen."),
        ("x" * 5000, "The prompt has 5,000 bytes and the model takes 4,096. Shorten it a little"),
        ("猫" * 1500, "The prompt has 4,500 bytes and the model takes 4,096. Shorten it a little"),
    ],
)
def test_a_prompt_that_cannot_be_sent(screens, prompt, sentence):
    tab = send(fill(screens.tab(), "text", prompt=prompt, duration=3))
    assert [error.value[: len(sentence)] for error in tab.error] == [sentence]
    assert values(tab, "text")["prompt"] == prompt
    assert values(tab, "text")["duration"] == 3
    assert screens.tab().text_area("text_prompt").value == prompt, "not even a refresh loses it"
    assert not screens.rows()


def test_the_counter_turns_red_beyond_the_limit(screens):
    tab = fill(screens.tab(), "text", prompt="x" * 4096)
    assert "4,096 of 4,096 bytes" in [caption.value for caption in tab.caption]
    fill(tab, "text", prompt="猫" * 1366)
    assert ":red[4,098 of 4,096 bytes]" in [caption.value for caption in tab.caption]


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ("", "Add a picture first"),
        ("http://pictures.test/cat.jpg", "Give a public https:// link"),
        ("cat.jpg", "Give a public https:// link"),
        ("file:///etc/passwd", "Give a public https:// link"),
        ("javascript:alert(1)", "Give a public https:// link"),
    ],
)
def test_a_link_that_cannot_be_sent(screens, link, sentence):
    tab = send(
        fill(screens.tab("picture"), "picture", prompt="it waves", image_url=link), "picture"
    )
    assert len(tab.error) == 1
    assert sentence in tab.error[0].value
    assert values(tab, "picture")["image_url"] == link
    assert values(tab, "picture")["prompt"] == "it waves"
    assert not screens.rows()


def test_the_limit_of_a_day(open_screens):
    screens = open_screens(clips_per_day=1)
    tab = send(fill(screens.tab(), "text", prompt="the first"))
    send(fill(tab, "text", prompt="one too many"))
    assert len(tab.error) == 1
    assert "You have asked for 1 videos in 24 hours" in tab.error[0].value
    assert tab.text_area("text_prompt").value == "one too many"
    assert [job.prompt for job in screens.rows()] == ["the first"]


def test_asking_again_once_the_limit_is_raised_works(open_screens):
    screens = open_screens(clips_per_day=1)
    tab = send(fill(screens.tab(), "text", prompt="the first"))
    send(fill(tab, "text", prompt="the second"))
    screens.studio.store._clips_per_day = 2
    send(tab)
    assert len(screens.rows()) == 2


def test_a_viewer_cannot_press_generate_even_by_hand(screens, monkeypatch):
    """Somebody whose role was taken away while the page was open."""
    tab = fill(screens.tab(), "text", prompt="a cat")
    tab.button("text_send").click()
    demote(screens, "paula")
    tab.run()
    assert not tab.exception
    assert not screens.rows()


def demote(screens, username: str) -> None:
    import sqlalchemy as sa

    from jobs.tables import accounts

    with screens.studio.database.write() as connection:
        mine = sa.update(accounts).where(accounts.c.username == username)
        connection.execute(mine.values(roles="viewer"))


def test_make_another_while_nothing_is_typed_keeps_older_drafts_of_the_other_form(screens):
    fill(screens.tab("picture"), "picture", prompt="mine")
    new = NewJob("paula", "words", 6, "480p", "16:9")
    job = screens.studio.store.enqueue(new, "a", time.time())
    tab = screens.tab("library")
    screens.open_more(tab, job)
    tab.button(f"another-{job.id}").click().run()
    assert screens.studio.store.draft("paula", "picture")["prompt"] == "mine"
