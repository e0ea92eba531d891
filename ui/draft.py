"""What a person has typed into a form and not sent: kept the moment a field is left.

No error, page change or refresh loses it; and it always fits what the chosen model accepts.
"""

from __future__ import annotations

import time
from typing import Any, Final, Literal

import streamlit as st

import studio
from grok_api import Limits, limits_for
from jobs.job import Job
from ui.session import Viewer, still_signed_in

Form = Literal["text", "picture"]

KEEP_SHAPE: Final = "keep"
"""The ratio that is not sent: the model then keeps the picture's own."""

FRAMINGS: Final = ("crop", "pad")

FIELDS: Final = (
    "model", "prompt", "duration", "resolution", "aspect_ratio", "image_url", "picture", "framing",
)  # fmt: skip


def key(form: Form, name: str) -> str:
    """The key of a form's field, in the session's state."""
    return f"{form}_{name}"


def value(form: Form, name: str) -> Any:
    """What stands in a form's field."""
    return st.session_state.get(key(form, name))


def limits(form: Form) -> Limits:
    """What the form's chosen model accepts."""
    return limits_for(value(form, "model"))


def ratios(form: Form) -> tuple[str, ...]:
    """The aspect ratios to choose from; none where the resolution decides."""
    offered = limits(form).aspect_ratios
    return (KEEP_SHAPE, *offered) if form == "picture" and offered else offered


def load(form: Form, viewer: Viewer, models: tuple[str, ...]) -> None:
    """Takes up the person's draft, once a tab or after `fill`; what no longer fits is replaced."""
    if not st.session_state.get(f"{form}_loaded"):
        draft = studio.current().store.draft(viewer.name, form)
        for name in FIELDS:
            st.session_state[key(form, name)] = draft.get(name)
        st.session_state[f"{form}_loaded"] = True
    fit(form, models)


def fit(form: Form, models: tuple[str, ...]) -> None:
    """Gives each field that the chosen model would refuse the model's default."""
    if value(form, "model") not in models:
        st.session_state[key(form, "model")] = models[0]
    accepted = limits(form)
    choices: dict[str, tuple[tuple[Any, ...], Any]] = {
        "duration": (accepted.durations, accepted.default_duration),
        "resolution": (accepted.resolutions, accepted.default_resolution),
        "aspect_ratio": (
            ratios(form),
            KEEP_SHAPE if form == "picture" else accepted.default_aspect_ratio,
        ),
        "framing": (FRAMINGS, FRAMINGS[0]),
    }
    for name, (allowed, default) in choices.items():
        if allowed and value(form, name) not in allowed:
            st.session_state[key(form, name)] = default
    for name in ("prompt", "image_url"):
        if not isinstance(value(form, name), str):
            st.session_state[key(form, name)] = ""
    if not isinstance(value(form, "picture"), str):
        st.session_state[key(form, "picture")] = None


def keep(form: Form, viewer: Viewer) -> None:
    """Writes the draft: called whenever a field is left or a choice is made."""
    if not still_signed_in(viewer):
        return
    values = {name: value(form, name) for name in FIELDS}
    studio.current().store.save_draft(viewer.name, form, values, time.time())


def fill(form: Form, viewer: Viewer, job: Job) -> None:
    """Puts what `job` asked for into the form, for the next time it is drawn."""
    values = {
        "model": job.model,
        "prompt": job.prompt,
        "duration": job.duration,
        "resolution": job.resolution,
        "aspect_ratio": job.aspect_ratio or KEEP_SHAPE,
        "image_url": job.image_url or "",
        "picture": job.picture,
    }
    studio.current().store.save_draft(viewer.name, form, values, time.time())
    st.session_state.pop(f"{form}_loaded", None)
