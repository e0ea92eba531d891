"""What one can do with a video: play, save, copy, repeat, cancel, recover, delete."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import streamlit as st

import studio
from grok_api.documents import is_identifier
from jobs.archive import picture_name
from jobs.job import REPEATABLE, Job, NewJob, State
from jobs.store import LimitReached
from ui import frame, request_form
from ui.components import copy_button
from ui.i18n import _, moment, money
from ui.refusals import limit_refusal
from ui.session import Viewer, media_url

if TYPE_CHECKING:
    from ui.cards import Shown


def actions(viewer: Viewer, shown: Shown, job: Job) -> None:
    """The row of buttons below a card."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if job.state is State.DONE:
            _finished(viewer, shown, job)
        adopted = job.is_adopted and job.state is State.PENDING
        if (job.state is State.QUEUED or adopted) and st.button(
            _("Cancel"), icon=":material/close:", key=f"cancel-{job.id}"
        ):
            _cancel(viewer, job)
        if (
            viewer.may_make
            and job.state in REPEATABLE
            and not job.is_adopted
            and st.button(_("Try again"), icon=":material/refresh:", key=f"again-{job.id}")
        ):
            _repeat(viewer, job)
        if not shown.alone:
            more = st.popover(_("More"), type="tertiary", key=f"more-{job.id}", on_change="rerun")
            if more.open:
                with more:
                    _more(viewer, shown, job)
    if shown.alone:
        _more(viewer, shown, job)
    if job.state is State.UNKNOWN and viewer.may_make:
        _unknown(viewer, job)


def _finished(viewer: Viewer, shown: Shown, job: Job) -> None:
    if not shown.alone:
        playing = st.session_state.get("playing") == job.id
        st.button(
            _("Close") if playing else _("Play"),
            icon=":material/close:" if playing else ":material/play_arrow:",
            type="secondary" if playing else "primary",
            key=f"play-{job.id}",
            on_click=_play,
            args=(job.id,),
        )
    st.link_button(
        _("Download"),
        media_url(viewer, job.id, "clip", "mp4").removeprefix("/") + "?download=1",
        icon=":material/download:",
    )


def _play(job_id: str) -> None:
    """Opens one player and closes the one before: a player costs the browser a decoder."""
    shown: Shown = st.session_state["shown"]
    before = st.session_state.get("playing")
    st.session_state["playing"] = None if before == job_id else job_id
    if before == job_id and shown.held_back:
        st.rerun()
    both = {job_id, before} & shown.jobs.keys()
    st.rerun([f"card-{each}" for each in both])


def _more(viewer: Viewer, shown: Shown, job: Job) -> None:
    st.caption(_facts(job))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if (
            viewer.may_make
            and not job.is_adopted
            and st.button(
                _("Make another"), icon=":material/content_copy:", key=f"another-{job.id}"
            )
        ):
            form: request_form.Form = "picture" if job.picture or job.image_url else "text"
            request_form.fill(form, viewer, job)
            st.switch_page(f"../pages/{'picture' if form == 'picture' else 'create'}.py")
        if job.prompt:
            copy_button(f"copy-prompt-{job.id}", _("Copy prompt"), job.prompt)
        if job.request_id:
            copy_button(f"copy-id-{job.id}", _("Copy request id"), job.request_id)
        if not shown.alone:
            st.page_link(
                "../pages/video.py",
                label=_("Open"),
                icon=":material/open_in_full:",
                query_params={"job": job.id},
            )
        if not job.is_live:
            _delete(viewer, shown, job)


def _facts(job: Job) -> str:
    parts = [moment(job.created_at)]
    if job.request_id:
        parts.append(_("request {id}").format(id=f"`{job.request_id.replace('`', '')}`"))
    if job.cost_usd is not None:
        parts.append(_("cost {money}").format(money=money(job.cost_usd)))
    elif not job.is_adopted:
        parts.append(_("estimated {money}").format(money=money(job.estimate_usd)))
    if job.clip_bytes:
        parts.append(f"{job.width} × {job.height} · {job.clip_bytes / 1e6:.1f} MB")
    return " · ".join(parts).replace("$", "\\$")


def _delete(viewer: Viewer, shown: Shown, job: Job) -> None:
    """Asks once, in place."""
    asked = f"delete-asked-{job.id}"

    def ask(whether: bool) -> None:
        st.session_state[asked] = whether

    if not st.session_state.get(asked):
        st.button(
            _("Delete"),
            icon=":material/delete:",
            key=f"delete-{job.id}",
            type="tertiary",
            on_click=ask,
            args=(True,),
        )
        return
    if st.button(
        _("Delete for good"),
        icon=":material/delete_forever:",
        key=f"really-{job.id}",
        type="primary",
    ):
        _delete_now(viewer, shown, job)
    st.button(_("Keep"), key=f"keep-{job.id}", on_click=ask, args=(False,))


def _delete_now(viewer: Viewer, shown: Shown, job: Job) -> None:
    here = studio.current()
    deleted = here.store.delete(viewer.name, job.id, time.time())
    if deleted is not None:
        for name in filter(None, (deleted.clip, deleted.poster)):
            here.archive.delete(name)
        if deleted.picture and not here.store.picture_is_used(deleted.picture):
            here.archive.delete(picture_name(deleted.picture))
    if shown.alone:
        st.switch_page("../pages/library.py")
    st.rerun()


def _cancel(viewer: Viewer, job: Job) -> None:
    if not studio.current().store.cancel(viewer.name, job.id, time.time()):
        frame.say(_("Too late to cancel: it is already being sent."))
    st.rerun()


def _repeat(viewer: Viewer, job: Job) -> None:
    """Asks for the same again, as a new job: nothing of the old one was kept by the model."""
    new = NewJob(
        viewer.name, job.prompt, job.duration, job.resolution, job.aspect_ratio,
        job.image_url, job.picture, job.model, job.estimate_usd,
    )  # fmt: skip
    # The old job's id and version make the token: a double click asks once.
    token, now = f"again-{job.id}-{job.version}", time.time()
    try:
        asked = studio.current().store.enqueue(new, token, now)
    except LimitReached as reached:
        _limit(reached)
        return
    _asked_again(asked, now)


def _asked_again(asked: Job | None, now: float) -> None:
    if asked is not None and asked.created_at < now:
        frame.say(_("This was already asked for again. Look for the newer card."))
    studio.current().wake()
    st.rerun()


def _unknown(viewer: Viewer, job: Job) -> None:
    """The two ways out of an unknown outcome, both a person's decision."""
    store = studio.current().store
    with st.expander(_("What now?")):
        found = st.text_input(
            _("Request id"),
            key=f"found-{job.id}",
            help=_("If the gateway's own list or an e-mail shows the request id, paste it here."),
        )
        if st.button(_("Recover the video"), key=f"recover-{job.id}"):
            if not is_identifier(found.strip()):
                st.error(_("Paste the whole request id, without spaces."), icon=":material/edit:")
            elif store.recover(viewer.name, job.id, found.strip(), time.time()):
                studio.current().wake()
                st.rerun()
            else:
                st.error(
                    _(
                        "That request id belongs to another video here. Check it and paste it again."
                    ),
                    icon=":material/edit:",
                )
        if job.is_adopted:  # its prompt is not known
            return
        sure = st.checkbox(_("I accept that this may be charged twice."), key=f"sure-{job.id}")
        if st.button(_("Send again"), key=f"resend-{job.id}", disabled=not sure):
            # One word of a person, one video: neither a double click nor another tab adds one.
            token, now = f"resend-{job.id}-{job.version}", time.time()
            try:
                asked = store.send_again(viewer.name, job.id, token, now)
            except LimitReached as reached:
                _limit(reached)
                return
            _asked_again(asked, now)


def _limit(reached: LimitReached) -> None:
    st.error(limit_refusal(reached), icon=":material/event_busy:")
