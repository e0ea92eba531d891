"""Every page draws in every state, language, role and mode, and says what it should."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator

import pytest

import settings
from jobs.job import OVERDUE_AFTER, State
from ui import explain, i18n

PAGES = ("create", "picture", "library", "video")
REASONS = sorted(explain._SENTENCES)
REHEARSAL = {}
REAL = {"grok_api_key": "a-key"}


def no_trouble(tab) -> None:
    assert not tab.exception, [each.value for each in tab.exception]


@pytest.fixture(params=[REHEARSAL, REAL], ids=["rehearsal", "real"])
def mode(request):
    return request.param


@pytest.mark.parametrize("person", ["paula", "vera"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_empty_studio_draws(open_screens, mode, language, person):
    screens = open_screens(person, **mode)
    tab = screens.tab(language=language)
    for page in PAGES:
        screens.go(tab, page)
        no_trouble(tab)
        assert len(tab.title) == 1
        assert "shown" in tab.session_state
        assert ("`GROK_API_KEY`" in screens.said(tab)) is (mode is REHEARSAL)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("state", State)
def test_one_job_in_each_state_draws_everywhere(screens, state, language):
    job = screens.job(state)
    tab = screens.tab(language=language)
    for page in ("create", "picture", "library", "video"):
        screens.go(tab, page, **({"job": job.id} if page == "video" else {}))
        no_trouble(tab)
        assert job.prompt in [text.value for text in tab.text]
    screens.go(tab, "library")
    screens.open_more(tab, job)
    no_trouble(tab)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("state", "reason"), REASONS)
def test_each_reason_has_its_sentence_on_the_card(screens, state, reason, language):
    job = screens.job(state, reason=reason)
    tab = screens.tab("library", language=language)
    no_trouble(tab)
    sentence = explain._SENTENCES[state, reason]
    expected = i18n._catalogue(language).get(sentence) or sentence
    assert expected in [text.value for text in tab.text]
    screens.go(tab, "video", job=job.id)
    no_trouble(tab)
    assert expected in [text.value for text in tab.text]


def test_an_overdue_video_and_one_of_another_key_say_so(screens):
    old = time.time() - OVERDUE_AFTER - 60
    screens.job(State.PENDING, created_at=old, submitted_at=old)
    screens.job(State.PENDING, gateway="https://elsewhere.test#0123")
    said = screens.said(screens.tab("library"))
    assert explain._OVERDUE in said
    assert explain._OTHER_GATEWAY in said


def test_the_gateways_words_stand_below_a_failure(screens):
    screens.job(State.FAILED, reason="bad_request", detail="duration: too long")
    assert "duration: too long" in [code.value for code in screens.tab("library").code]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("person", ["paula", "vera"])
def test_thirty_jobs_come_in_pages(open_screens, person, language):
    screens = open_screens(person)
    made = [screens.job(State.DONE, prompt=f"video {n}", created_at=1e9 + n) for n in range(30)]
    tab = screens.tab("library", language=language)

    def prompts() -> list[str]:
        no_trouble(tab)
        return [text.value for text in tab.text if text.value.startswith("video ")]

    newest_first = [job.prompt for job in reversed(made)]
    assert prompts() == newest_first[:12]
    tab.pagination[0].select(2).run()
    assert prompts() == newest_first[12:24]
    tab.pagination[0].select(3).run()
    assert prompts() == newest_first[24:]
    tab.pagination[0].select(1).run()
    assert prompts() == newest_first[:12]


def test_a_page_beyond_the_end_becomes_the_last_one(screens):
    made = [screens.job(State.DONE, created_at=1e9 + n) for n in range(25)]
    tab = screens.tab("library")
    tab.pagination[0].select(3).run()
    assert len(tab.image) == 1
    screens.studio.store.delete(screens.name, made[0].id, time.time())
    tab.run()
    no_trouble(tab)
    assert tab.pagination[0].value == 2
    assert len(tab.image) == 12


def test_the_library_page_is_still_there_on_the_way_back(screens):
    made = [screens.job(State.DONE, created_at=1e9 + n) for n in range(25)]
    tab = screens.tab("library")
    tab.pagination[0].select(2).run()
    screens.go(tab, "video", job=made[5].id)
    screens.go(tab, "library")
    assert tab.pagination[0].value == 2


@pytest.mark.parametrize("page", PAGES)
def test_a_viewer_finds_nothing_that_makes_videos(open_screens, page):
    screens = open_screens("vera")
    jobs = [screens.job(state) for state in State]
    tab = screens.tab(page, job=jobs[-1].id)
    for job in jobs:
        screens.open_more(tab, job)
    no_trouble(tab)
    labels = {button.label for button in tab.button if not button.disabled}
    assert not labels & {"Generate video", "Try again", "Make another", "Send again"}
    assert not labels & {"Recover the video"}
    if page in ("create", "picture"):
        assert "may look and download" in tab.info[0].value


@pytest.mark.parametrize("kind", ["auth_error", "quota_error"])
@pytest.mark.parametrize("person", ["paula", "vera"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_paused_gateway_is_told_everybody(open_screens, kind, person, language):
    screens = open_screens(person)
    screens.pause(kind)
    tab = screens.tab(language=language)
    for page in PAGES:
        screens.go(tab, page)
        no_trouble(tab)
        assert len(tab.error) == 1
        if language == "en":
            words = {"auth_error": "refuses the key", "quota_error": "no credit left"}
            assert words[kind] in tab.error[0].value
        assert ("resume" in [button.key for button in tab.button]) is (person == "paula")


@pytest.mark.parametrize("page", PAGES)
def test_temporary_storage_is_told(screens, page, monkeypatch):
    assert not screens.tab(page).warning
    monkeypatch.setattr(settings.Settings, "storage_is_temporary", property(lambda _: True))
    tab = screens.tab(page)
    no_trouble(tab)
    assert "Storage is temporary" in tab.warning[0].value


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_stranger_gets_the_sign_in_form_and_nothing_else(open_screens, mode, page, language):
    screens = open_screens(None, **mode)
    job = screens.job(State.DONE, prompt="not for strangers")
    tab = screens.tab(page, language=language, job=job.id)
    no_trouble(tab)
    assert [field.key for field in tab.text_input] == ["username", "password"]
    assert len(tab.button) == 1
    assert not tab.image
    assert not tab.get("video")
    assert "not for strangers" not in screens.said(tab)
    assert ("demo" in screens.said(tab)) is (mode is REHEARSAL)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("why", ["no_people", "key_missing"])
def test_a_closed_studio_says_how_to_open_it(screens, why, language):
    screens.job(State.DONE, prompt="behind closed doors")
    screens.studio.closed = why
    tab = screens.tab(language=language)
    for page in PAGES:
        screens.go(tab, page)
        no_trouble(tab)
        assert len(tab.warning) == 1
        assert not tab.button
        assert not tab.text_input
        said = screens.said(tab)
        assert "behind closed doors" not in said
        assert ("make user" if why == "no_people" else "GROK_API_KEY") in said


def test_a_video_of_somebody_else_is_not_there(screens):
    theirs = screens.job(State.DONE, owner="peter", prompt="of somebody else")
    for job_id in (theirs.id, "", "nonsense", "../../etc", "0" * 5000):
        tab = screens.tab("video", job=job_id)
        no_trouble(tab)
        assert "no such video" in tab.info[0].value
        assert "of somebody else" not in screens.said(tab)
    for page in ("create", "library"):
        assert "of somebody else" not in screens.said(screens.tab(page))


# -- for those who cannot see, and for those who read another language


@pytest.mark.parametrize("page", PAGES)
def test_every_control_has_a_label_and_every_picture_words(screens, page, tmp_path):
    screens.studio.archive.put("pictures/" + "a" * 64 + ".jpg", b"a picture")
    screens.studio.store.save_draft(screens.name, "picture", {"picture": "a" * 64 + ".jpg"}, 0)
    jobs = [screens.job(state) for state in State]
    tab = screens.tab(page, job=next(job.id for job in jobs if job.state is State.DONE))
    done = next(job for job in jobs if job.state is State.DONE)
    tab.session_state["playing"] = done.id
    for job in jobs:
        screens.open_more(tab, job)
    no_trouble(tab)
    seen = 0
    for node in nodes(tab._tree):
        proto = getattr(node, "proto", None)
        if node.type in ("imgs", "image", "image_list", "video"):
            alts = [proto.alt] if node.type == "video" else [each.alt for each in proto.imgs]
            assert all(alts), node
            seen += 1
        elif hasattr(proto, "label") and hasattr(proto, "id"):
            assert proto.label.strip(), node
            seen += 1
    assert seen > 4


LATIN = re.compile(r"[A-Za-z]{2,}")
NAMES = re.compile(
    r"⟦.*?⟧|:\w+-badge\[|:material/\w+:|!\[\]\(data:[^)]*\)|Grok Video Studio|English|Language|"
    r"paula|vera|https?://\S*|480p|720p|16:9|MB|req-1|a cat in the garden|the model gave up|"
    r"the connection was reset|make user|demo|guest|[a-z]{3} \d+, \d{4}.*",
    re.S,
)
FIELDS = {"label", "body", "help", "placeholder", "caption", "alt", "options.content", "text"}


@pytest.mark.parametrize("person", ["paula", "vera", None])
@pytest.mark.parametrize("page", PAGES)
def test_no_word_on_screen_is_left_out_of_the_catalogue(open_screens, monkeypatch, page, person):
    """Each text is replaced by itself in brackets; what stands outside was not translated."""
    screens = open_screens(person)
    screens.pause("auth_error")
    jobs = [screens.job(state, reason=None) for state in State] if person else []
    tab = screens.tab(language="zh")

    class Bracketed:
        def get(self, message: str) -> str:
            return f"⟦{message}⟧"

    monkeypatch.setattr(i18n, "_catalogue", lambda code: Bracketed())
    screens.go(tab, page, job=jobs[0].id if jobs else "")
    for job in jobs:
        screens.open_more(tab, job)
    no_trouble(tab)
    left = {
        (kind, field, text)
        for kind, field, text in screens.words(tab)
        if field.rpartition(".")[2] in FIELDS
        and kind != "html"
        and LATIN.search(NAMES.sub("", text))
    }
    for _, _, text in (each for each in screens.words(tab) if each[1] == "json"):
        shown = {name: json.loads(text).get(name) for name in ("label", "note", "done", "failed")}
        left |= {("component", *each) for each in shown.items() if each[1] and "⟦" not in each[1]}
    assert not left


def nodes(node) -> Iterator:
    yield node
    for child in getattr(node, "children", {}).values():
        yield from nodes(child)
