"""The picture part of the form: a link or an upload, checked by us, and what of it is sent."""

from __future__ import annotations

import json
from typing import Final

import streamlit as st

import studio
from grok_api import Limits
from jobs.archive import picture_name
from jobs.framing import fit
from jobs.picture import LARGEST_UPLOAD, PictureRefused, prepare
from ui import draft
from ui.i18n import _
from ui.refusals import picture_refusal
from ui.session import Viewer, media_url, still_signed_in

FORM: Final = "picture"


def picture_field(viewer: Viewer) -> None:
    """Draws link, upload and preview."""
    limits = draft.limits(FORM)
    link, upload = st.columns(2, gap="large")
    with upload:
        _upload(viewer)
    with link:
        if limits.image_urls:
            st.text_input(
                _("Image URL"),
                key=draft.key(FORM, "image_url"),
                placeholder="https://…",
                on_change=draft.keep,
                args=(FORM, viewer),
                persist_state="session",
            )
            st.caption(_("A public https link to the picture itself, or an upload."))
        else:
            st.caption(_("This model takes uploads only, no links."))
        if limits.people_refused:
            st.caption(_("It refuses pictures that show people."))
        _preview(viewer, limits)


def to_send(limits: Limits) -> str | None:
    """The name of the stored picture that would be sent: the upload, or its framed copy.

    Raises OSError where the copy cannot be kept.
    """
    picture = _stored()
    if picture is None or not limits.image_exact_size:
        return picture
    wanted = (picture, draft.value(FORM, "resolution"), draft.value(FORM, "framing"))
    made = st.session_state.get("framed")
    if made is None or made[0] != wanted or not _is_stored(made[1]):
        archive = studio.current().archive
        width, height = (int(side) for side in wanted[1].split("x"))
        framed = fit(archive.path(picture_name(picture)).read_bytes(), width, height, wanted[2])
        archive.put(picture_name(framed.name), framed.data)
        made = st.session_state["framed"] = (wanted, framed.name)
    return str(made[1])


def forget_refusal() -> None:
    """Takes the word about the last upload away."""
    st.session_state["upload_refused"] = None


def _preview(viewer: Viewer, limits: Limits) -> None:
    if _stored() is None:
        return
    if limits.image_exact_size:
        st.segmented_control(
            _("Fit the picture"),
            list(draft.FRAMINGS),
            key=draft.key(FORM, "framing"),
            format_func={"crop": _("Fill the frame"), "pad": _("Show all of it")}.__getitem__,
            required=True,
            on_change=draft.keep,
            args=(FORM, viewer),
            persist_state="session",
        )
    try:
        picture = to_send(limits)
    except (OSError, PictureRefused):
        st.error(picture_refusal("storage", {}), icon=":material/broken_image:")
        return
    if picture is not None:
        with st.container(key="preview"):
            st.image(
                media_url(viewer, picture, "draft", picture.rpartition(".")[2]),
                width=220,
                alt=_("The picture as it will be sent"),
            )
    st.button(
        _("Remove the picture"),
        icon=":material/close:",
        type="tertiary",
        on_click=_remove,
        args=(viewer,),
    )


def _stored() -> str | None:
    """The uploaded picture, unless it is gone: it may have been deleted elsewhere."""
    picture = draft.value(FORM, "picture")
    if picture and not _is_stored(picture):
        picture = st.session_state[draft.key(FORM, "picture")] = None
    return picture or None


def _is_stored(picture: str) -> bool:
    try:
        return studio.current().archive.has(picture_name(picture))
    except ValueError:
        return False


def _upload(viewer: Viewer) -> None:
    # A new key empties the uploader once its picture is kept by us.
    turn = st.session_state.setdefault("upload_turn", 0)
    st.file_uploader(
        _("Upload an image"), key=f"upload_{turn}", on_change=_take, args=(viewer, turn)
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


def _take(viewer: Viewer, turn: int) -> None:
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
        st.session_state[draft.key(FORM, "picture")] = picture.name
        draft.keep(FORM, viewer)


def _remove(viewer: Viewer) -> None:
    st.session_state[draft.key(FORM, "picture")] = None
    draft.keep(FORM, viewer)
