"""Cards that update by themselves: a keyed fragment each, redrawn only when its job changed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import streamlit as st

import studio
from jobs.job import Job, State
from jobs.models import DEFAULT, title, usable
from jobs.store import Page
from ui.actions import actions
from ui.components import elapsed
from ui.explain import Explanation, explain
from ui.i18n import _, ago
from ui.live import WATCH, watch
from ui.session import Viewer, current_user, media_url

TYPICAL: Final = 90.0
"""Seconds: the middle of the 30 s to 3 min that a video usually takes."""

PAGE_SIZE: Final = 12
LATEST: Final = 3

_COLOURS: Final = {"calm": "gray", "good": "green", "warn": "orange", "bad": "red"}


@dataclass
class Shown:
    """The person's view: what this tab shows, and which card has its player open."""

    fetch: Callable[[Viewer], Page]
    jobs: dict[str, Job] = field(default_factory=dict)
    total: int = 0
    version: int = 0
    drawing: bool = False
    """True while the whole page is drawn: its one look at the session counts for every card."""
    alone: bool = False
    """True on a video's own page: everything is open."""
    held_back: bool = False
    """True when the list has changed while a player is open; moving its card would stop it."""

    def take(self, page: Page) -> None:
        self.jobs = {job.id: job for job in page.jobs}
        self.total, self.version, self.held_back = page.total, page.version, False

    def take_known(self, page: Page) -> None:
        """Takes up what is new of the cards that stand, and holds the rest back."""
        self.jobs |= {job.id: job for job in page.jobs if job.id in self.jobs}
        self.version, self.held_back = page.version, True


def show(viewer: Viewer, fetch: Callable[[Viewer], Page], *, alone: bool = False) -> Shown:
    """Fetches what the page shows, with one query, and keeps it as this tab's view."""
    shown = Shown(fetch, alone=alone)
    shown.take(fetch(viewer))
    st.session_state["shown"] = shown
    return shown


def draw(viewer: Viewer, shown: Shown) -> None:
    """The cards and the socket that keeps them fresh."""
    shown.drawing = True
    try:
        watch(viewer, lambda: shown.version, _changed, _ask, _news)
        if shown.alone:
            for job_id in shown.jobs:
                _fragment(viewer, job_id)
        else:
            with st.grid("auto", min_column_width=300, gap="medium", key="cards"):
                for job_id in shown.jobs:
                    _fragment(viewer, job_id)
    finally:
        shown.drawing = False


def gallery(viewer: Viewer) -> None:
    """The library's cards, a page at a time, or a friendly word where there are none yet."""
    number = max(int(st.session_state.get("library_page", 1)), 1)
    shown = show(viewer, lambda who: studio.current().store.page(who.name, number, PAGE_SIZE))
    pages = max(-(-shown.total // PAGE_SIZE), 1)
    if number > pages:  # the list has become shorter
        st.session_state["library_page"] = pages
        st.rerun()
    if not shown.jobs:
        _empty(viewer, shown)
        return
    draw(viewer, shown)
    if pages > 1:
        with st.container(horizontal_alignment="center"):
            st.pagination(pages, key="library_page", persist_state="session")


def latest(viewer: Viewer) -> None:
    """The newest few below the form, so that the first video appears where it was asked for."""
    shown = show(viewer, lambda who: studio.current().store.page(who.name, 1, LATEST))
    if shown.jobs:
        st.subheader(_("Your latest"), anchor=False)
    draw(viewer, shown)
    if shown.total > LATEST:
        st.page_link(
            "../pages/library.py", label=_("All in the library"), icon=":material/arrow_forward:"
        )


def _empty(viewer: Viewer, shown: Shown) -> None:
    with st.container(border=True, horizontal_alignment="center", key="empty"):
        st.markdown(":material/movie:", width="content")
        st.text(_("No videos yet. Your first one is a sentence away."), width="content")
        st.page_link("../pages/create.py", label=_("Make a video"), icon=":material/auto_awesome:")
    draw(viewer, shown)


def _fragment(viewer: Viewer, job_id: str) -> None:
    st.fragment(_card, key=_key(job_id))(viewer, job_id)


def _key(job_id: str) -> str:
    return f"card-{job_id}"


def _changed() -> None:
    """Runs when the page is told "changed": one query, then only the cards that differ."""
    keys = _compare()
    if keys is None:
        st.rerun()
    st.rerun([WATCH, *keys])


def _ask() -> None:
    """Runs at intervals while the page has no socket; a fragment's body may only redraw it all."""
    shown: Shown = st.session_state["shown"]
    if not shown.drawing and _compare() != []:
        st.rerun()


def _compare() -> list[str] | None:
    """Takes up what is new; returns the keys of cards to redraw, or None for the whole page."""
    shown: Shown = st.session_state["shown"]
    viewer = current_user()
    if viewer is None:
        return None
    fresh = shown.fetch(viewer)
    here = studio.current()
    status, drawn = here.store.gateway_status(), st.session_state.get("models")
    if status.paused_kind != st.session_state.get("paused"):
        return None
    if usable(here.settings, status.models) != usable(here.settings, drawn):
        return None
    differ = [job.id for job in fresh.jobs if _differs(job, shown.jobs.get(job.id))]
    if [job.id for job in fresh.jobs] == list(shown.jobs) and fresh.total == shown.total:
        shown.take(fresh)
    elif st.session_state.get("playing") in shown.jobs:
        shown.take_known(fresh)
    else:
        return None
    return [_key(job_id) for job_id in differ]


def _differs(job: Job, before: Job | None) -> bool:
    return before is not None and job.version != before.version


def _news() -> None:
    """A way to what was held back while a player is open."""
    shown: Shown = st.session_state["shown"]
    if shown.held_back:
        st.button(
            _("Show what is new"),
            icon=":material/arrow_upward:",
            key="show-news",
            on_click=st.rerun,
        )


# -- one card


def _card(viewer: Viewer, job_id: str) -> None:
    shown: Shown = st.session_state["shown"]
    if not shown.drawing:
        asking = current_user()
        if asking is None or asking.name != viewer.name:
            st.rerun()
        viewer = asking  # whose role may have changed since the page was drawn
    job = shown.jobs.get(job_id)
    if job is None:
        return
    now = time.time()
    what = explain(job, now, studio.current().store.gateway)
    with st.container(border=not shown.alone, key=f"box-{job.id}", height="stretch"):
        _stage(viewer, shown, job, what, now)
        _badges(job, what)
        if what.sentence:
            st.text(what.sentence)
        if job.detail and job.state in {State.FAILED, State.UNKNOWN}:
            st.caption(_("The gateway's answer:"))
            st.code(job.detail, language=None, wrap_lines=True)
        with st.container(key=f"{'whole' if shown.alone else 'prompt'}-{job.id}"):
            st.text(words(job))
        st.caption(_parameters(job, now))
        with st.container(key=f"actions-{job.id}"):
            actions(viewer, shown, job)


def words(job: Job) -> str:
    """The prompt, or what to call a video without one."""
    return job.prompt or _("Adopted by its request id")


def _stage(viewer: Viewer, shown: Shown, job: Job, what: Explanation, now: float) -> None:
    """The picture part of a card: player, poster, or what is going on."""
    if job.state is State.DONE and (job.poster or shown.alone or _plays(job)):
        with st.container(key=f"stage-{job.id}"):
            _finished(viewer, shown, job)
        return
    with st.container(key=f"still-{job.id}", horizontal_alignment="center"):
        if job.is_live:
            _going_on(job, now)
        else:
            st.markdown(what.icon, width="content")


def _plays(job: Job) -> bool:
    return bool(st.session_state.get("playing") == job.id)


def _finished(viewer: Viewer, shown: Shown, job: Job) -> None:
    described = _("Video: {prompt}").format(prompt=words(job)[:150])
    if shown.alone or _plays(job):
        st.video(media_url(viewer, job.id, "clip", "mp4"), alt=described, autoplay=not shown.alone)
    else:
        st.image(media_url(viewer, job.id, "poster", "webp"), alt=described, width="stretch")


def _going_on(job: Job, now: float) -> None:
    if job.state is State.QUEUED:
        note, since, bar = _("waiting"), job.created_at, False
    elif job.state is State.READY:
        note, since, bar = _("made; being saved"), job.started_at or job.created_at, True
    elif job.is_adopted:
        note, since, bar = _("asking the gateway"), job.created_at, False
    else:
        note, since, bar = _("so far · usually 30 s to 3 min"), job.started_at or now, True
    progress = 99 if job.state is State.READY else job.progress
    if job.state is State.PENDING and job.progress is not None:
        note = f"{note} · {job.progress} %"
    elapsed(f"elapsed-{job.id}", since, now, note, TYPICAL, progress, bar)


def _badges(job: Job, what: Explanation) -> None:
    with st.container(horizontal=True, gap="small"):
        if job.state is not State.MODERATED:
            st.badge(what.label, icon=what.icon, color=_COLOURS[what.tone])
        if job.moderation_passed is True:
            st.badge(
                _("Moderation passed"),
                icon=":material/verified_user:",
                color="green",
                help=_("The model's content check let this video through."),
            )
        if job.state is State.MODERATED:
            st.badge(
                _("Moderation blocked"),
                icon=":material/gpp_bad:",
                color="orange",
                help=_("The model's content check kept this video back. It may still be billed."),
            )


def _parameters(job: Job, now: float) -> str:
    """Seconds, resolution, ratio and age. Our own words only: a caption is Markdown."""
    from_picture = bool(job.picture or job.image_url)
    parts = [_("{n} s").format(n=job.duration), job.resolution.replace("x", " × ")]
    if job.is_adopted:  # what was asked for is not known; what came is
        parts = []
        if job.video_seconds:
            parts.append(_("{n} s").format(n=f"{job.video_seconds:.1f}".removesuffix(".0")))
        if job.width and job.height:
            parts.append(f"{job.width} × {job.height}")
    if job.model != DEFAULT:
        parts.insert(0, title(job.model))
    if job.aspect_ratio:
        parts.append(job.aspect_ratio.replace(":", "∶"))  # a lone colon may begin an icon's name
    elif from_picture and "x" not in job.resolution:
        parts.append(_("the picture's shape"))
    if from_picture:
        parts.append(_("from a picture"))
    return " · ".join([*parts, ago(job.created_at, now)])
