"""Bringing a video into the library that was asked for elsewhere: by its request id."""

from __future__ import annotations

import time

import streamlit as st

import studio
from grok_api.documents import is_identifier
from jobs.job import State
from jobs.models import title, usable
from ui import frame
from ui.i18n import _
from ui.session import Viewer


def adopt(viewer: Viewer) -> None:
    """A quiet menu that asks for the request id and, where several are usable, the model."""
    models = usable(studio.current().settings, st.session_state.get("models"))
    # After each video a fresh menu: closed, its field empty.
    number = st.session_state.get("adopted", 0)
    with st.popover(
        _("Add by request id"),
        type="tertiary",
        icon=":material/add_link:",
        key=f"adopt-menu-{number}",
    ):
        typed = st.text_input(
            _("Request id"),
            key=f"adopt-id-{number}",
            help=_("Of a video that was asked for elsewhere with the studio's key."),
        )
        model = models[0]
        if len(models) > 1:
            model = st.segmented_control(
                _("Model"), list(models), default=model, format_func=title, required=True,
                key=f"adopt-model-{number}",
            )  # fmt: skip
        if st.button(_("Add to the library"), key=f"adopt-{number}"):
            _add(viewer, typed.strip(), model)


def _add(viewer: Viewer, request_id: str, model: str) -> None:
    here = studio.current()
    if not is_identifier(request_id):
        st.error(_("Paste the whole request id, without spaces."), icon=":material/edit:")
    elif here.store.adopt(viewer.name, request_id, model, time.time()) is not None:
        st.session_state["adopted"] = st.session_state.get("adopted", 0) + 1
        st.session_state["library_page"] = 1  # it is the newest
        st.session_state["playing"] = None  # its card moves the others
        frame.say(_("Added. The gateway is asked for the video; it appears below."))
        here.wake()
        st.rerun()
    elif _has(viewer, request_id):
        st.info(_("This video is in your library already."), icon=":material/video_library:")
    else:
        st.error(
            _("This request id cannot be added here. Check it, or ask whoever runs the studio."),
            icon=":material/block:",
        )


def _has(viewer: Viewer, request_id: str) -> bool:
    return any(
        job.request_id == request_id and job.state is not State.CANCELLED
        for job in studio.current().store.all(viewer.name)
    )
