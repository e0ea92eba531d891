"""The form when there is more than one model: fields follow the model, and nothing is lost."""

from __future__ import annotations

import io
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
import streamlit as st
from PIL import Image

from grok_api import MODELS, limits_for
from grok_api.validation import check_request
from jobs.archive import picture_name
from jobs.claims import Claims
from jobs.job import State
from ui import cards

GROK, SORA, PRO = "grok-imagine-video", "sora-2", "sora-2-pro"


def lists(screens, *models: str) -> None:
    """What the worker does once the gateway has named its models."""
    Claims(screens.studio.database, screens.studio.store.gateway).listed(models)


@pytest.fixture
def several(screens):
    lists(screens, GROK, SORA, PRO)
    return screens


def choose(tab, form: str, **values):
    for name, value in values.items():
        tab.button_group(f"{form}_{name}").set_value(value).run()
        assert not tab.exception, [each.value for each in tab.exception]
    return tab


def groups(tab) -> dict[str, list[str]]:
    """The choices by their keys; labels without their drawings."""
    return {
        each.key: [option.content.rpartition(") ")[2] for option in each.proto.options]
        for each in tab.button_group
    }


def send(tab, form: str = "text"):
    tab.button(f"{form}_send").click().run()
    assert not tab.exception, [each.value for each in tab.exception]
    return tab


def estimate(tab) -> str:
    (line,) = [each.value for each in tab.markdown if each.value.startswith("Estimated cost")]
    return line.removeprefix("Estimated cost: **about ").removesuffix("**")


def png(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(out, "PNG")
    return out.getvalue()


def upload(tab, width: int = 320, height: int = 180):
    tab.file_uploader[0].upload("cat.png", png(width, height))
    tab.run()
    assert not tab.exception, [each.value for each in tab.exception]
    return tab


def captions(tab) -> str:
    return "\n".join(each.value for each in tab.caption)


# -- the choice


@pytest.mark.parametrize("form", ["text", "picture"])
@pytest.mark.parametrize("models", [None, (), (GROK,), ("grok-imagine-video-1.5", "gpt-5")])
def test_one_model_is_no_choice(screens, form, models):
    if models is not None:
        lists(screens, *models)
    tab = screens.tab("create" if form == "text" else "picture")
    assert f"{form}_model" not in groups(tab)
    assert tab.session_state[f"{form}_model"] == GROK
    assert "Sora" not in screens.said(tab)


@pytest.mark.parametrize("form", ["text", "picture"])
def test_several_are(several, form):
    tab = several.tab("create" if form == "text" else "picture")
    assert groups(tab)[f"{form}_model"] == ["Grok Imagine Video", "Sora 2", "Sora 2 Pro"]
    assert tab.session_state[f"{form}_model"] == GROK, "the first unless said otherwise"


def test_the_setting_offers_what_the_key_does_not_list(open_screens):
    screens = open_screens(models="+sora-2")
    assert groups(screens.tab())["text_model"] == ["Grok Imagine Video", "Sora 2"]


def test_only_sora(open_screens):
    screens = open_screens(models="sora-2")
    tab = screens.tab()
    assert "text_model" not in groups(tab)
    assert "24 September 2026" in captions(tab), "what is to be known is said all the same"
    tab.text_area("text_prompt").set_value("a cat").run()
    send(tab)
    (job,) = screens.rows()
    assert (job.model, job.duration, job.resolution) == (SORA, 4, "720x1280")


def test_a_page_that_is_open_hears_of_another_model(screens, monkeypatch):
    tab = screens.tab()

    def compare():
        with monkeypatch.context() as patch:
            patch.setattr(st, "session_state", tab.session_state)
            return cards._compare()

    assert compare() == []
    lists(screens, GROK, "gpt-5")
    assert compare() == [], "one that is not ours changes nothing"
    lists(screens, GROK, SORA)
    assert compare() is None
    tab.run()
    assert groups(tab)["text_model"] == ["Grok Imagine Video", "Sora 2"]
    assert compare() == []


# -- its fields


def test_fields_follow_the_model_and_keep_what_fits(several):
    tab = several.tab()
    tab.text_area("text_prompt").set_value("a cat in the rain").run()
    choose(tab, "text", aspect_ratio="9:16", model=SORA)
    assert not tab.slider
    shown = groups(tab)
    assert shown["text_duration"] == ["4 s", "8 s", "12 s"]
    assert shown["text_resolution"] == ["720 × 1280", "1280 × 720"]
    assert "text_aspect_ratio" not in shown
    assert tab.text_area("text_prompt").value == "a cat in the rain"
    assert "of 32,000 bytes" in captions(tab)
    state = tab.session_state
    assert (state["text_duration"], state["text_resolution"]) == (4, "720x1280")
    assert estimate(tab) == "$0.40"

    choose(tab, "text", duration=8, resolution="1280x720", model=PRO)
    assert (state["text_duration"], state["text_resolution"]) == (8, "1280x720"), "still fits"
    assert groups(tab)["text_resolution"][2:] == ["1024 × 1792", "1792 × 1024"]
    assert estimate(tab) == "$2.40"
    choose(tab, "text", resolution="1792x1024")
    assert estimate(tab) == "$4.00"
    choose(tab, "text", model=SORA)
    assert (state["text_duration"], state["text_resolution"]) == (8, "720x1280")

    choose(tab, "text", model=GROK)
    assert tab.slider("text_duration").value == 8
    assert (state["text_resolution"], state["text_aspect_ratio"]) == ("480p", "9:16")
    assert tab.text_area("text_prompt").value == "a cat in the rain"


def test_a_sora_job_as_it_is_stored(several):
    tab = choose(several.tab(), "text", model=PRO, duration=12, resolution="1024x1792")
    tab.text_area("text_prompt").set_value("a cat").run()
    send(tab)
    (job,) = several.rows()
    assert (job.state, job.model, job.prompt) == (State.QUEUED, PRO, "a cat")
    assert (job.duration, job.resolution, job.aspect_ratio) == (12, "1024x1792", None)
    assert (job.picture, job.image_url) == (None, None)
    assert job.estimate_usd == pytest.approx(6.0)
    assert "Sora 2 Pro · 12 s · 1024 × 1792" in captions(tab)


def test_the_choice_outlives_a_refresh_and_page_changes(several):
    tab = choose(several.tab(), "text", model=SORA, duration=12)
    several.go(several.go(tab, "library"), "create")
    for shown in (tab, several.tab()):
        assert shown.session_state["text_model"] == SORA
        assert shown.session_state["text_duration"] == 12
        assert "text_aspect_ratio" not in groups(shown)


def test_an_estimate_by_ones_own_prices(open_screens):
    screens = open_screens(models="sora-2", prices={SORA: {"720x1280": 0.05, "picture": 0.5}})
    assert estimate(screens.tab()) == "$0.20"
    assert estimate(screens.tab("picture")) == "$0.70"


def test_a_prompt_for_sora_may_be_long(several):
    tab = several.tab()
    tab.text_area("text_prompt").set_value("a" * 5000).run()
    send(tab)
    assert len(tab.error) == 1
    choose(tab, "text", model=SORA)
    send(tab)
    assert not tab.error
    assert len(several.rows()) == 1


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "OpenAI announced the end of this model's API for 24 September 2026."),
        ("zh", "2026 年 9 月 24 日"),
    ],
)
def test_the_announced_end_is_said(several, language, words):
    tab = several.tab(language=language)
    assert words not in captions(tab)
    choose(tab, "text", model=SORA)
    assert words in captions(tab)
    choose(tab, "text", model=GROK)
    assert words not in captions(tab)


# -- a picture


def test_sora_takes_uploads_only_and_no_people(several):
    tab = several.tab("picture")
    tab.text_input("picture_image_url").set_value("https://pictures.test/cat.jpg").run()
    assert "people" not in captions(tab)
    choose(tab, "picture", model=SORA)
    assert not [each for each in tab.text_input if each.key == "picture_image_url"]
    assert "It refuses pictures that show people." in captions(tab)
    assert "picture_aspect_ratio" not in groups(tab)
    tab.text_area("picture_prompt").set_value("it waves").run()
    send(tab, "picture")
    assert [each.value for each in tab.error] == ["Add a picture first: upload it."]
    assert several.rows() == []
    choose(tab, "picture", model=GROK)
    assert tab.text_input("picture_image_url").value == "https://pictures.test/cat.jpg", "kept"


def test_a_link_that_stands_hidden_is_not_in_the_way(several):
    tab = several.tab("picture")
    tab.text_input("picture_image_url").set_value("https://pictures.test/cat.jpg").run()
    choose(tab, "picture", model=SORA)
    upload(tab).text_area("picture_prompt").set_value("it waves").run()
    send(tab, "picture")
    assert not tab.error
    (job,) = several.rows()
    assert job.image_url is None
    assert job.picture


@pytest.mark.parametrize("framing", ["crop", "pad"])
@pytest.mark.parametrize("size", ["720x1280", "1792x1024"])
def test_the_copy_that_is_sent_has_exactly_the_size(several, size, framing):
    tab = choose(several.tab("picture"), "picture", model=PRO, resolution=size)
    assert "picture_framing" not in groups(tab), "there is nothing to fit yet"
    upload(tab, 500, 300)
    assert groups(tab)["picture_framing"] == ["Fill the frame", "Show all of it"]
    choose(tab, "picture", framing=framing)
    tab.text_area("picture_prompt").set_value("it waves").run()
    send(tab, "picture")
    (job,) = several.rows()
    original = tab.session_state["picture_picture"]
    assert job.picture not in (None, original)
    archive = several.studio.archive
    with Image.open(archive.path(picture_name(str(job.picture)))) as sent:
        assert "x".join(map(str, sent.size)) == size
    with Image.open(archive.path(picture_name(original))) as kept:
        assert kept.size == (500, 300), "the upload stays as it was"
    assert (job.resolution, job.aspect_ratio, job.model) == (size, None, PRO)


def test_another_size_is_another_copy_and_grok_gets_the_upload(several):
    tab = choose(several.tab("picture"), "picture", model=SORA)
    upload(tab).text_area("picture_prompt").set_value("it waves").run()
    send(tab, "picture")
    choose(tab, "picture", resolution="1280x720")
    send(tab, "picture")
    choose(tab, "picture", model=GROK)
    assert "picture_framing" not in groups(tab)
    send(tab, "picture")
    grok, wide, tall = several.rows()
    assert grok.picture == tab.session_state["picture_picture"]
    assert len({grok.picture, wide.picture, tall.picture}) == 3
    assert (grok.model, grok.resolution) == (GROK, "480p")


def test_a_copy_that_is_gone_is_made_again(several):
    tab = choose(several.tab("picture"), "picture", model=SORA)
    upload(tab).text_area("picture_prompt").set_value("it waves").run()
    send(tab, "picture")
    (job,) = several.rows()
    several.studio.archive.delete(picture_name(str(job.picture)))
    tab.text_area("picture_prompt").set_value("it waves again").run()
    send(tab, "picture")
    assert several.rows()[0].picture == job.picture
    assert several.studio.archive.has(picture_name(str(job.picture)))


def test_a_full_disk_is_told(several, monkeypatch):
    tab = upload(several.tab("picture"))
    tab.text_area("picture_prompt").set_value("it waves").run()

    def full(name: str, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(several.studio.archive, "put", full)
    choose(tab, "picture", model=SORA)
    assert "could not be stored" in tab.error[0].value
    send(tab, "picture")
    assert several.rows() == []


# -- again


@pytest.mark.parametrize("form", ["text", "picture"])
def test_make_another_brings_model_and_size_back(several, form):
    name = None
    if form == "picture":
        tab = choose(several.tab("picture"), "picture", model=SORA)
        name = upload(tab).session_state["picture_picture"]
    job = several.job(
        State.DONE, model=PRO, prompt="a cat", duration=8, resolution="1792x1024",
        aspect_ratio=None, picture=name,
    )  # fmt: skip
    tab = several.open_more(several.tab("library"), job)
    tab.button(f"another-{job.id}").click().run()
    again = several.tab("create" if form == "text" else "picture")
    state = again.session_state
    assert (state[f"{form}_model"], state[f"{form}_prompt"]) == (PRO, "a cat")
    assert (state[f"{form}_duration"], state[f"{form}_resolution"]) == (8, "1792x1024")
    send(again, form)
    newest = several.rows()[0]
    assert newest.id != job.id
    assert (newest.model, newest.resolution, newest.aspect_ratio) == (PRO, "1792x1024", None)


def test_try_again_asks_the_same_model(several):
    job = several.job(
        State.FAILED, model=SORA, duration=8, resolution="1280x720", aspect_ratio=None
    )
    tab = several.tab("library")
    tab.button(f"again-{job.id}").click().run()
    newest = several.rows()[0]
    assert (newest.model, newest.duration, newest.resolution) == (SORA, 8, "1280x720")


@pytest.mark.parametrize("kept", [SORA, "sora-3", None, 7, ["sora-2"]])
def test_a_draft_of_a_model_that_is_no_longer_offered(screens, kept):
    draft = {
        "model": kept, "prompt": "a cat", "duration": 12, "resolution": "1280x720",
        "aspect_ratio": None, "framing": "pad",
    }  # fmt: skip
    screens.studio.store.save_draft("paula", "text", draft, 0.0)
    tab = screens.tab()
    assert not tab.exception
    state = tab.session_state
    assert (state["text_model"], state["text_prompt"]) == (GROK, "a cat")
    assert (state["text_duration"], state["text_resolution"]) == (12, "480p")
    assert state["text_aspect_ratio"] == "16:9"
    send(tab)
    (job,) = screens.rows()
    assert (job.model, job.resolution, job.aspect_ratio) == (GROK, "480p", "16:9")


def test_a_model_that_goes_while_it_is_chosen(several):
    tab = choose(several.tab(), "text", model=SORA)
    tab.text_area("text_prompt").set_value("a cat").run()
    lists(several, GROK)
    tab.run()
    assert not tab.exception
    assert tab.session_state["text_model"] == GROK
    assert tab.text_area("text_prompt").value == "a cat"
    assert tab.slider("text_duration").value == 4


# -- one more


@pytest.mark.parametrize(
    ("durations", "ratios", "urls"), [((5,), (), True), ((5, 10), ("1:1", "16:9"), False)]
)
def test_a_third_model_needs_no_line_of_the_screens(screens, monkeypatch, durations, ratios, urls):
    limits = replace(
        limits_for(GROK), title="Third", durations=durations, default_duration=5,
        resolutions=("1080p",), default_resolution="1080p", aspect_ratios=ratios,
        default_aspect_ratio=ratios[0] if ratios else None, image_urls=urls,
        second_prices={"1080p": 0.2}, picture_price=0.0, notice="something_new",
    )  # fmt: skip
    third = SimpleNamespace(
        MODELS={"third-1": limits},
        TAKES_VERSIONS=False,
        validate=lambda request: check_request(request, limits),
    )
    monkeypatch.setitem(MODELS, "third-1", third)
    lists(screens, GROK, SORA, "third-1")
    tab = choose(screens.tab(), "text", model=SORA)
    choose(tab, "text", model="third-1")
    assert groups(tab)["text_duration"] == [f"{seconds} s" for seconds in durations]
    assert groups(tab)["text_resolution"] == ["1080p"]
    assert ("text_aspect_ratio" in groups(tab)) is bool(ratios)
    assert estimate(tab) == "$1.00"
    tab.text_area("text_prompt").set_value("a cat").run()
    send(tab)
    (job,) = screens.rows()
    assert (job.model, job.duration, job.resolution) == ("third-1", 5, "1080p")
    assert job.aspect_ratio == ("16:9" if ratios else None), "as it was, for it still fits"
    assert "Third · 5 s · 1080p" in captions(tab)
    shown = choose(screens.tab("picture"), "picture", model="third-1")
    assert bool([each for each in shown.text_input if each.key == "picture_image_url"]) is urls
    assert "people" not in captions(shown)


def test_the_account_menu_lets_the_worker_ask_again(screens):
    claims = Claims(screens.studio.database, screens.studio.store.gateway)
    assert claims.claim_models_check(time.time())
    assert not claims.claim_models_check(time.time())
    tab = screens.tab("create")
    tab.button("ask-for-models").click().run()
    assert not tab.exception
    assert claims.claim_models_check(time.time())
