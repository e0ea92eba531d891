"""The library's menu for videos that were asked for elsewhere, and their cards."""

from __future__ import annotations

import time

import pytest

from jobs.job import State

ADD, FIELD = "adopt-0", "adopt-id-0"
NAMELESS = "Adopted by its request id"


def add(tab, request_id: str):
    tab.text_input(FIELD).set_value(request_id)
    tab.button(ADD).click().run()
    assert not tab.exception, [each.value for each in tab.exception]
    return tab


def adopted(screens, state=State.PENDING, **values):
    row = {"prompt": "", "attempts": 0, "estimate_usd": 0.0, "aspect_ratio": None,
           "started_at": None, "request_id": "req-7"}  # fmt: skip
    return screens.job(state, **{**row, **values})


def keys(tab) -> set[str]:
    return {button.key for button in tab.button}


@pytest.mark.parametrize("view", ["cards", "table"])
def test_a_request_id_becomes_a_card(screens, view):
    tab = screens.tab("library")
    tab.button_group("view").set_value(view).run()
    add(tab, "  req-7 ")
    (job,) = screens.rows()
    assert (job.state, job.request_id, job.model) == (State.PENDING, "req-7", "grok-imagine-video")
    assert job.is_adopted
    assert [each.value for each in tab.toast] == [
        "Added. The gateway is asked for the video; it appears below."
    ]
    assert tab.text_input("adopt-id-1").value == ""
    said = screens.said(tab)
    if view == "cards":
        assert NAMELESS in said
        assert "480p" not in said, "what it was asked with is not known"
    else:
        shown = tab.dataframe[0].value.iloc[0]
        assert shown["Prompt"] == NAMELESS
        assert shown["Resolution"] == ""


@pytest.mark.parametrize("wrong", ["", "two words", "request：7"])
def test_what_is_no_request_id_is_said(screens, wrong):
    tab = add(screens.tab("library"), wrong)
    assert [each.value for each in tab.error] == ["Paste the whole request id, without spaces."]
    assert not screens.rows()


@pytest.mark.parametrize("state", [State.PENDING, State.DONE, State.UNKNOWN])
def test_ones_own_is_said_to_be_here(screens, state):
    screens.job(state, request_id="req-7")
    tab = add(screens.tab("library"), "req-7")
    assert "This video is in your library already." in [each.value for each in tab.info]
    assert len(screens.rows()) == 1


@pytest.mark.parametrize("deleted", [False, True])
def test_somebody_elses_is_not_told_of(screens, deleted):
    job = screens.job(State.DONE, owner="peter", request_id="req-7")
    if deleted:
        screens.studio.store.delete("peter", job.id, time.time())
    tab = add(screens.tab("library"), "req-7")
    assert [each.value for each in tab.error] == [
        "This request id cannot be added here. Check it, or ask whoever runs the studio."
    ]
    assert "already" not in screens.said(tab)
    assert "peter" not in screens.said(tab)
    assert not screens.rows()


def test_who_only_looks_is_not_offered_it(screens):
    screens.sign_in("vera")
    tab = screens.tab("library")
    assert ADD not in keys(tab)
    assert "Add by request id" not in screens.said(tab)


def test_the_model_is_asked_for_where_there_are_several(open_screens):
    screens = open_screens(models="grok-imagine-video,sora-2")
    tab = screens.tab("library")
    tab.button_group("adopt-model-0").set_value("sora-2")
    add(tab, "video_7")
    (job,) = screens.rows()
    assert job.model == "sora-2"


def test_one_model_is_not_asked_for(screens):
    groups = {group.key for group in screens.tab("library").button_group}
    assert "adopt-model-0" not in groups


def test_an_id_that_is_not_known_is_said_and_can_be_taken_back(screens):
    job = adopted(screens, kind="not_found", reason="gateway_trouble")
    tab = screens.tab("library")
    assert "does not know this request id" in screens.said(tab)
    tab.button(f"cancel-{job.id}").click().run()
    assert not tab.exception
    assert screens.rows()[0].state is State.CANCELLED


def test_other_trouble_is_said_as_ever(screens):
    adopted(screens, kind="server_error", reason="gateway_trouble")
    assert "having trouble answering" in screens.said(screens.tab("library"))


@pytest.mark.parametrize("page", ["library", "video", "create"])
@pytest.mark.parametrize("state", [each for each in State if each not in ("queued", "submitting")])
def test_nothing_offers_to_ask_for_it_again(screens, page, state):
    reasons = {State.UNKNOWN: "no_answer", State.EXPIRED: "link_gone"}
    job = adopted(screens, state, reason=reasons.get(state))
    tab = screens.open_more(screens.tab(page, job=job.id), job)
    assert not tab.exception
    offered = {f"{each}-{job.id}" for each in ("again", "another", "resend")}
    assert not offered & keys(tab)
    assert f"sure-{job.id}" not in {box.key for box in tab.checkbox}
    said = screens.said(tab)
    assert "ry again" not in said
    assert "estimated" not in said


def test_a_kept_one_shows_what_came(screens):
    adopted(screens, State.DONE, video_seconds=5.04, width=848, height=480)
    tab = screens.tab("library")
    said = screens.said(tab)
    assert "5 s · 848 × 480" in said
    assert "480p" not in said
    tab.button_group("view").set_value("table").run()
    shown = tab.dataframe[0].value.iloc[0]
    assert (shown["Duration (s)"], shown["Resolution"]) == (5, "848x480")


def test_it_speaks_chinese(screens):
    adopted(screens, kind="not_found", reason="gateway_trouble")
    said = screens.said(screens.tab("library", language="zh"))
    assert "按请求 ID 添加" in said
    assert NAMELESS not in said
