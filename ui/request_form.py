"""The one form behind both ways to a video: from words, and from a picture.

No `st.form` around it: the estimate follows each choice. Its fields follow the chosen model's
limits; what is typed is kept as a draft (`ui/draft.py`).
"""

from __future__ import annotations

import time
import uuid
from typing import Any, Final

import streamlit as st

import studio
from grok_api import InvalidRequest, VideoRequest, limits_for
from jobs.job import Job, NewJob
from jobs.models import DEFAULT, usable
from jobs.picture import PictureRefused
from jobs.pricing import estimate
from jobs.store import LimitReached
from ui import draft, picture_field
from ui.draft import KEEP_SHAPE, Form, fill
from ui.i18n import N_, _, money
from ui.refusals import limit_refusal, picture_refusal, request_refusal
from ui.session import Viewer
from ui.shapes import shape

__all__ = ["Form", "fill", "request_form"]

DOUBLE_CLICK: Final = 3.0
"""Seconds within which the same request again is one click too many, not a second video."""

CAMERA_MOVES: Final = (
    N_("slow zoom in"),
    N_("slow zoom out"),
    N_("tracking shot"),
    N_("pan from left to right"),
    N_("aerial view, slowly rising"),
    N_("handheld, close up"),
)

_NOTICES: Final = {
    "shutdown_2026_09_24": N_(
        "OpenAI announced the end of this model's API for 24 September 2026. "
        "It may stop working at any time."
    ),
}


def request_form(form: Form, viewer: Viewer) -> Job | None:
    """Draws the form; returns the job when this run has just asked for one."""
    models = usable(studio.current().settings, st.session_state.get("models"))
    draft.load(form, viewer, models)
    with st.container(key="request"):
        if len(models) > 1:
            _model(form, viewer, models)
        if (notice := draft.limits(form).notice) in _NOTICES:
            st.caption(_(_NOTICES[notice]))
        if form == "picture":
            picture_field.picture_field(viewer)
        _prompt(form, viewer)
        _choices(form, viewer)
        return _send(form, viewer)


# -- the fields


def _kept(form: Form, viewer: Viewer) -> dict[str, Any]:
    """What every field of a draft has in common."""
    return {"on_change": draft.keep, "args": (form, viewer), "persist_state": "session"}


def _model(form: Form, viewer: Viewer, models: tuple[str, ...]) -> None:
    def chosen() -> None:
        draft.fit(form, models)
        draft.keep(form, viewer)

    st.segmented_control(
        _("Model"),
        list(models),
        key=draft.key(form, "model"),
        format_func=lambda name: limits_for(name).title,
        required=True,
        on_change=chosen,
        persist_state="session",
    )


def _prompt(form: Form, viewer: Viewer) -> None:
    placeholder = (
        _("What should move, and how? For example: the camera slowly zooms out")
        if form == "picture"
        else _("What should be seen? For example: a cat playing in a sunlit garden, slow zoom in")
    )
    prompt = st.text_area(
        _("Prompt"),
        key=draft.key(form, "prompt"),
        height=150,
        placeholder=placeholder,
        **_kept(form, viewer),
    )
    used, limit = len(prompt.encode(errors="replace")), draft.limits(form).prompt_bytes
    counted = _("{used} of {limit} bytes").format(used=f"{used:,}", limit=f"{limit:,}")
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.caption(
            _("Say what happens, where and in which style. English works best."), width="content"
        )
        st.caption(f":red[{counted}]" if used > limit else counted, width="content")
    st.pills(
        _("Add a camera move"),
        list(CAMERA_MOVES),
        key=draft.key(form, "move"),
        format_func=_,
        on_change=_add_move,
        args=(form, viewer),
        label_visibility="collapsed",
    )


def _add_move(form: Form, viewer: Viewer) -> None:
    """Adds the phrase: in English, which works best, unless the prompt is in another language."""
    move = draft.value(form, "move")
    if move:
        before = (draft.value(form, "prompt") or "").rstrip()
        phrase, comma = (move, ", ") if before.isascii() else (_(move), "，")
        joint = "" if not before else " " if before.endswith((".", ",", "，", "。")) else comma
        st.session_state[draft.key(form, "prompt")] = f"{before}{joint}{phrase}"
        st.session_state[draft.key(form, "move")] = None
        draft.keep(form, viewer)


def _choices(form: Form, viewer: Viewer) -> None:
    with st.container(horizontal=True, gap="medium"):
        _duration(form, viewer)
        _resolution(form, viewer)
    if ratios := draft.ratios(form):
        st.segmented_control(
            _("Aspect ratio"),
            list(ratios),
            key=draft.key(form, "aspect_ratio"),
            format_func=lambda ratio: (
                _("the picture's shape") if ratio == KEEP_SHAPE else shape(ratio)
            ),
            required=True,
            help=_("Any other aspect ratio stretches the picture.") if form == "picture" else None,
            **_kept(form, viewer),
        )


def _duration(form: Form, viewer: Viewer) -> None:
    seconds = draft.limits(form).durations
    shared = {"key": draft.key(form, "duration"), **_kept(form, viewer)}
    if len(seconds) > 2 and seconds == tuple(range(seconds[0], seconds[-1] + 1)):
        st.slider(_("Duration"), seconds[0], seconds[-1], format=_("%d s"), width=260, **shared)
    else:
        st.segmented_control(
            _("Duration"),
            list(seconds),
            format_func=lambda n: _("{n} s").format(n=n),
            required=True,
            **shared,
        )


def _resolution(form: Form, viewer: Viewer) -> None:
    notes = {"480p": _("quick look"), "720p": _("final")}

    def label(resolution: str) -> str:
        if "x" in resolution:
            return shape(resolution.replace("x", ":"), resolution.replace("x", " × "))
        return f"{resolution} · {notes[resolution]}" if resolution in notes else resolution

    st.segmented_control(
        _("Resolution"),
        list(draft.limits(form).resolutions),
        key=draft.key(form, "resolution"),
        format_func=label,
        required=True,
        **_kept(form, viewer),
    )


# -- sending


def _send(form: Form, viewer: Viewer) -> Job | None:
    cost = estimate(
        studio.current().settings,
        draft.value(form, "model"),
        draft.value(form, "resolution"),
        draft.value(form, "duration"),
        picture=form == "picture",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            _("Generate video"),
            type="primary",
            icon=":material/auto_awesome:",
            key=draft.key(form, "send"),
            disabled=not viewer.may_make,
            on_click=picture_field.forget_refusal,
        )
        st.markdown(
            _("Estimated cost: **about {money}**").format(money=money(cost)),
            help=_("From a price table, not from the gateway. A blocked video may be billed too."),
            width="content",
        )
    if not viewer.may_make:
        st.info(
            _(
                "Your account may look and download. To make videos, ask whoever runs the studio "
                "for the producer role."
            )
        )
    if not pressed or not viewer.may_make:
        return None
    try:
        new = _new_job(form, viewer, cost)
    except (OSError, PictureRefused):
        st.error(picture_refusal("storage", {}), icon=":material/broken_image:")
        return None
    trouble = _trouble(form, new)
    if trouble is None:
        return _enqueue(form, viewer, new)
    st.error(trouble, icon=":material/edit:")
    return None


def _new_job(form: Form, viewer: Viewer, cost: float) -> NewJob:
    limits, ratio = draft.limits(form), draft.value(form, "aspect_ratio")
    from_picture = form == "picture"
    image_url = (draft.value(form, "image_url") or "").strip()
    return NewJob(
        owner=viewer.name,
        prompt=(draft.value(form, "prompt") or "").strip(),
        duration=draft.value(form, "duration"),
        resolution=draft.value(form, "resolution"),
        aspect_ratio=None if ratio == KEEP_SHAPE or not limits.aspect_ratios else ratio,
        image_url=image_url if from_picture and limits.image_urls and image_url else None,
        picture=picture_field.to_send(limits) if from_picture else None,
        model=draft.value(form, "model") or DEFAULT,
        estimate_usd=cost,
    )


def _trouble(form: Form, new: NewJob) -> str | None:
    """Why this cannot be sent, as a sentence, or None."""
    if form == "picture" and new.picture and new.image_url:
        return _("There are two pictures: clear the link, or remove the upload.")
    if form == "picture" and not new.picture and not new.image_url:
        if not draft.limits(form).image_urls:
            return _("Add a picture first: upload it.")
        return _("Add a picture first: paste a link to it, or upload it.")
    request = VideoRequest(
        new.prompt, new.duration, new.resolution, new.aspect_ratio, new.image_url, new.model
    )
    try:
        request.validate()
    except InvalidRequest as error:
        return request_refusal(error)
    return None


def _enqueue(form: Form, viewer: Viewer, new: NewJob) -> Job | None:
    now = time.time()
    asked = st.session_state.get("last_asked")
    if asked is None or asked[0] != new or now - asked[2] > DOUBLE_CLICK:
        asked = (new, uuid.uuid4().hex, now)
        st.session_state["last_asked"] = asked
    draft.keep(form, viewer)
    try:
        job = studio.current().store.enqueue(new, asked[1], now)
    except LimitReached as reached:
        st.error(limit_refusal(reached), icon=":material/event_busy:")
        return None
    studio.current().wake()
    st.session_state["playing"] = None  # the new card takes the first place and moves the others
    st.toast(
        _("Your video is on its way. It appears below and in the library."), icon=":material/check:"
    )
    return job
