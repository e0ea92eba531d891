"""The one form behind both ways to a video: from words, and from a picture.

No `st.form` around it: the estimate follows each choice, and what is typed is kept as a draft the
moment a field is left, so that no error, page change or refresh loses it.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from typing import Any, Final, Literal

import streamlit as st

import studio
from grok_api import InvalidRequest, VideoRequest, limits_for
from jobs.archive import picture_name
from jobs.job import Job, NewJob
from jobs.picture import LARGEST_UPLOAD, PictureRefused, prepare
from jobs.pricing import estimate
from jobs.store import LimitReached
from ui.i18n import N_, _, money
from ui.refusals import limit_refusal, picture_refusal, request_refusal
from ui.session import Viewer, media_url, still_signed_in
from ui.shapes import shape

Form = Literal["text", "picture"]

LIMITS: Final = limits_for()

KEEP_SHAPE: Final = "keep"
"""The ratio that is not sent: the model then keeps the picture's own."""

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

_DEFAULTS: Final[Mapping[str, Any]] = {
    "prompt": "",
    "duration": LIMITS.default_duration,
    "resolution": LIMITS.default_resolution,
    "aspect_ratio": LIMITS.default_aspect_ratio,
    "image_url": "",
    "picture": None,
}


def request_form(form: Form, viewer: Viewer) -> Job | None:
    """Draws the form; returns the job when this run has just asked for one."""
    _load(form, viewer)
    with st.container(key="request"):
        if form == "picture":
            _picture(viewer)
        _prompt(form, viewer)
        _choices(form, viewer)
        return _send(form, viewer)


def fill(form: Form, viewer: Viewer, job: Job) -> None:
    """Puts what `job` asked for into the form, for the next time it is drawn."""
    values = {
        "prompt": job.prompt,
        "duration": job.duration,
        "resolution": job.resolution,
        "aspect_ratio": job.aspect_ratio or KEEP_SHAPE,
        "image_url": job.image_url or "",
        "picture": job.picture,
    }
    studio.current().store.save_draft(viewer.name, form, values, time.time())
    st.session_state.pop(f"{form}_loaded", None)


# -- the draft


def _key(form: Form, name: str) -> str:
    return f"{form}_{name}"


def _load(form: Form, viewer: Viewer) -> None:
    """Takes up the person's draft, once a tab or after `fill`."""
    if st.session_state.get(f"{form}_loaded"):
        return
    draft = studio.current().store.draft(viewer.name, form)
    defaults = dict(_DEFAULTS)
    if form == "picture":
        defaults["aspect_ratio"] = KEEP_SHAPE
    for name, default in defaults.items():
        st.session_state[_key(form, name)] = _allowed(form, name, draft.get(name, default), default)
    st.session_state[f"{form}_loaded"] = True


def _allowed(form: Form, name: str, value: Any, default: Any) -> Any:
    """`value` if the form can show it today; drafts may be older than today's limits."""
    options = {
        "duration": LIMITS.durations,
        "resolution": LIMITS.resolutions,
        "aspect_ratio": _ratios(form),
    }
    if name in options:
        return value if value in options[name] else default
    return value if isinstance(value, str) else default


def _ratios(form: Form) -> tuple[str, ...]:
    return (KEEP_SHAPE, *LIMITS.aspect_ratios) if form == "picture" else LIMITS.aspect_ratios


def _keep(form: Form, viewer: Viewer) -> None:
    """Writes the draft: called whenever a field is left or a choice is made."""
    if not still_signed_in(viewer):
        return
    values = {name: st.session_state.get(_key(form, name)) for name in _DEFAULTS}
    studio.current().store.save_draft(viewer.name, form, values, time.time())


# -- the fields


def _prompt(form: Form, viewer: Viewer) -> None:
    key = _key(form, "prompt")
    placeholder = (
        _("What should move, and how? For example: the camera slowly zooms out")
        if form == "picture"
        else _("What should be seen? For example: a cat playing in a sunlit garden, slow zoom in")
    )
    prompt = st.text_area(
        _("Prompt"),
        key=key,
        height=150,
        placeholder=placeholder,
        on_change=_keep,
        args=(form, viewer),
        persist_state="session",
    )
    used = len(prompt.encode(errors="replace"))
    counted = _("{used} of {limit} bytes").format(
        used=f"{used:,}", limit=f"{LIMITS.prompt_bytes:,}"
    )
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.caption(
            _("Say what happens, where and in which style. English works best."), width="content"
        )
        st.caption(f":red[{counted}]" if used > LIMITS.prompt_bytes else counted, width="content")
    st.pills(
        _("Add a camera move"),
        [_(move) for move in CAMERA_MOVES],
        key=_key(form, "move"),
        on_change=_add_move,
        args=(form, viewer),
        label_visibility="collapsed",
    )


def _add_move(form: Form, viewer: Viewer) -> None:
    move, key = st.session_state.get(_key(form, "move")), _key(form, "prompt")
    if move:
        before = st.session_state.get(key, "").rstrip()
        joint = "" if not before else " " if before.endswith((".", ",", "，", "。")) else ", "
        st.session_state[key] = f"{before}{joint}{move}"
        st.session_state[_key(form, "move")] = None
        _keep(form, viewer)


def _choices(form: Form, viewer: Viewer) -> None:
    kept: dict[str, Any] = {"on_change": _keep, "args": (form, viewer), "persist_state": "session"}
    with st.container(horizontal=True, gap="medium"):
        _length_and_size(form, kept)
    st.segmented_control(
        _("Aspect ratio"),
        list(_ratios(form)),
        key=_key(form, "aspect_ratio"),
        format_func=lambda value: _("the picture's shape") if value == KEEP_SHAPE else shape(value),
        required=True,
        help=_("Any other aspect ratio stretches the picture.") if form == "picture" else None,
        **kept,
    )


def _length_and_size(form: Form, kept: dict[str, Any]) -> None:
    st.slider(
        _("Duration"),
        min(LIMITS.durations),
        max(LIMITS.durations),
        key=_key(form, "duration"),
        format=_("%d s"),
        width=260,
        **kept,
    )
    notes = {"480p": _("quick look"), "720p": _("final")}
    st.segmented_control(
        _("Resolution"),
        list(LIMITS.resolutions),
        key=_key(form, "resolution"),
        format_func=lambda value: f"{value} · {notes.get(value, '')}",
        required=True,
        **kept,
    )


def _picture(viewer: Viewer) -> None:
    link, upload = st.columns(2, gap="large")
    with upload:
        _upload(viewer)
    with link:
        st.text_input(
            _("Image URL"),
            key=_key("picture", "image_url"),
            placeholder="https://…",
            on_change=_keep,
            args=("picture", viewer),
            persist_state="session",
        )
        st.caption(_("A public https link to the picture itself, or an upload."))
        picture = st.session_state.get(_key("picture", "picture"))
        if picture and not _is_stored(picture):
            picture = st.session_state[_key("picture", "picture")] = None
        if picture:
            extension = picture.rpartition(".")[2]
            st.image(
                media_url(viewer, picture, "draft", extension),
                width=220,
                alt=_("The picture you uploaded"),
            )
            st.button(
                _("Remove the picture"),
                icon=":material/close:",
                type="tertiary",
                on_click=_remove_picture,
                args=(viewer,),
            )


def _is_stored(picture: str) -> bool:
    """Whether the picture is there to be shown and sent; it may have been deleted elsewhere."""
    try:
        return studio.current().archive.has(picture_name(picture))
    except ValueError:
        return False


def _upload(viewer: Viewer) -> None:
    # A new key empties the uploader once its picture is kept by us.
    turn = st.session_state.setdefault("upload_turn", 0)
    st.file_uploader(
        _("Upload an image"),
        key=f"upload_{turn}",
        on_change=_take_upload,
        args=(viewer, turn),
    )
    _say_on_dropzone(_("Choose a picture, or drop it here"))
    limit = LARGEST_UPLOAD // (1024 * 1024)
    st.caption(_("PNG, JPEG or WebP, up to {n} MB.").format(n=limit))
    refused = st.session_state.get("upload_refused")
    if refused:
        st.error(picture_refusal(*refused), icon=":material/broken_image:")


def _say_on_dropzone(words: str) -> None:
    """Puts `words` on the uploader's button, which Streamlit labels in English only."""
    button = '[data-testid="stFileUploaderDropzone"] button p'
    quoted = json.dumps(words, ensure_ascii=False)
    st.html(
        f"<style>{button} {{ font-size: 0 }} "
        f"{button}::after {{ font-size: 0.875rem; content: {quoted} }}</style>"
    )


def _take_upload(viewer: Viewer, turn: int) -> None:
    uploaded = st.session_state.get(f"upload_{turn}")
    st.session_state["upload_refused"] = None
    if uploaded is None or not still_signed_in(viewer):
        return
    st.session_state["upload_turn"] = turn + 1
    try:
        picture = prepare(uploaded.getvalue())
        studio.current().archive.put(picture_name(picture.name), picture.data)
    except PictureRefused as refused:
        st.session_state["upload_refused"] = (refused.code, refused.values)
    except OSError:
        st.session_state["upload_refused"] = ("storage", {})
    else:
        st.session_state[_key("picture", "picture")] = picture.name
        _keep("picture", viewer)


def _remove_picture(viewer: Viewer) -> None:
    st.session_state[_key("picture", "picture")] = None
    _keep("picture", viewer)


# -- sending


def _send(form: Form, viewer: Viewer) -> Job | None:
    new = _new_job(form, viewer)
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            _("Generate video"),
            type="primary",
            icon=":material/auto_awesome:",
            key=_key(form, "send"),
            disabled=not viewer.may_make,
            on_click=_forget_refusal,
        )
        st.markdown(
            _("Estimated cost: **about {money}**").format(money=money(new.estimate_usd)),
            help=_("From a price table, not from the gateway. A blocked video may be billed too."),
            width="content",
        )
    if not viewer.may_make:
        st.info(
            _(
                "Your account may look and download. To make videos, ask whoever runs the studio for the producer role."
            )
        )
    if not pressed or not viewer.may_make:
        return None
    trouble = _trouble(form, new)
    if trouble is None:
        return _enqueue(form, viewer, new)
    st.error(trouble, icon=":material/edit:")
    return None


def _forget_refusal() -> None:
    st.session_state["upload_refused"] = None


def _new_job(form: Form, viewer: Viewer) -> NewJob:
    value = {name: st.session_state.get(_key(form, name)) for name in _DEFAULTS}
    picture = value["picture"] if form == "picture" else None
    image_url = (value["image_url"] or "").strip() if form == "picture" else ""
    return NewJob(
        owner=viewer.name,
        prompt=(value["prompt"] or "").strip(),
        duration=value["duration"],
        resolution=value["resolution"],
        aspect_ratio=None if value["aspect_ratio"] == KEEP_SHAPE else value["aspect_ratio"],
        image_url=image_url or None,
        picture=picture,
        estimate_usd=estimate(
            studio.current().settings,
            value["resolution"],
            value["duration"],
            picture=form == "picture",
        ),
    )


def _trouble(form: Form, new: NewJob) -> str | None:
    """Why this cannot be sent, as a sentence, or None."""
    if form == "picture" and new.picture and new.image_url:
        return _("There are two pictures: clear the link, or remove the upload.")
    if form == "picture" and not new.picture and not new.image_url:
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
    _keep(form, viewer)
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
