"""What surrounds every page: heading, account menu, language, banners, the small stylesheet."""

from __future__ import annotations

import time
from pathlib import Path

import streamlit as st

import studio
from ui.i18n import LANGUAGES, _, language, plain
from ui.session import Viewer, sign_out, still_signed_in

STYLE = Path(__file__).resolve().parent / "frontend" / "style.html"


def style() -> None:
    """The few rules that the theme's options have no word for."""
    st.html(STYLE)


def wordmark() -> None:
    """The product's name, as it stands before anybody has signed in."""
    st.title("Grok Video Studio", anchor=False)


def heading(title: str, viewer: Viewer) -> None:
    """A page's title, and beside it the account menu."""
    with st.container(horizontal=True, vertical_alignment="center", key="heading"):
        st.title(title, anchor=False, width="stretch")
        with st.popover(
            plain(viewer.account.display_name), icon=":material/account_circle:", type="tertiary"
        ):
            language_switch(viewer)
            if viewer.may_make:
                st.button(
                    _("Check which models there are"),
                    icon=":material/refresh:",
                    width="stretch",
                    on_click=_ask_for_models,
                    args=(viewer,),
                    key="ask-for-models",
                )
            st.button(
                _("Sign out"),
                icon=":material/logout:",
                width="stretch",
                on_click=sign_out,
                args=(viewer,),
            )


def _ask_for_models(viewer: Viewer) -> None:
    """Lets the worker ask the gateway; a page whose choice changes by that redraws itself."""
    if still_signed_in(viewer):
        studio.current().store.ask_for_models(time.time())
        studio.current().wake()


def language_switch(viewer: Viewer | None = None) -> None:
    """English or Chinese; a person's choice is kept with their drafts."""

    def keep() -> None:
        st.session_state["language"] = st.session_state["language_switch"]
        if viewer is not None and still_signed_in(viewer):
            keep_language(viewer.name)

    st.session_state["language_switch"] = language()
    st.segmented_control(
        "Language · 语言",
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        required=True,
        key="language_switch",
        on_change=keep,
        label_visibility="collapsed",
    )


def keep_language(username: str) -> None:
    """Keeps what the person chose in this tab; signing in starts a new one."""
    if chosen := st.session_state.get("language"):
        values = {"language": chosen}
        studio.current().store.save_draft(username, "preferences", values, time.time())


def remember_language(viewer: Viewer) -> None:
    """Takes up the language the person chose before; asked for once a tab."""
    if "language_asked" not in st.session_state:
        st.session_state["language_asked"] = True
        kept = studio.current().store.draft(viewer.name, "preferences").get("language")
        # A choice made on the sign-in form is newer than the one that was kept.
        st.session_state.setdefault("language", kept)


def say(sentence: str) -> None:
    """Says `sentence` in a toast on the next run: one that is shown before a rerun is lost."""
    st.session_state["say"] = sentence


def banners(viewer: Viewer) -> None:
    """What everybody must know: rehearsal, held-back submissions, storage that will be wiped.

    In a container of their own: a banner that comes or goes must not move what stands below, for
    a player that moves starts anew.
    """
    with st.container(key="banners"):
        _banners(viewer)


def _banners(viewer: Viewer) -> None:
    here = studio.current()
    if sentence := st.session_state.pop("say", None):
        st.toast(sentence, icon=":material/info:")
    if here.settings.is_rehearsal:
        with st.container(horizontal=True, vertical_alignment="center", key="rehearsal"):
            st.badge(_("Rehearsal"), icon=":material/theater_comedy:", color="orange")
            st.caption(
                _(
                    "Clips are made on this machine, at no cost. For real videos set "
                    "`GROK_API_KEY` where the studio runs and start it again."
                ),
                width="content",
            )
    if here.settings.storage_is_temporary:
        st.warning(
            _(
                "**Storage is temporary.** This host wipes its disk at every redeploy. Download "
                "what you want to keep; set `DATABASE_URL` and `ARCHIVE_URL` to keep everything."
            ),
            icon=":material/warning:",
        )
    if viewer.session.cookieless:
        st.warning(
            _(
                "This host drops cookies, so you are signed in for this tab only. "
                "After a refresh you sign in again; nothing is lost."
            ),
            icon=":material/tab:",
        )
    status = here.store.gateway_status()
    st.session_state.update(paused=status.paused_kind, models=status.models)
    if status.paused_kind:
        _paused(viewer, status.paused_kind)


def _paused(viewer: Viewer, kind: str) -> None:
    sentence = (
        _(
            "**The gateway refuses the key.** Nothing is sent until it is put right; waiting videos "
            "keep their place. Whoever runs the studio: check `GROK_API_KEY`. "
            "The key is checked again every minute."
        )
        if kind == "auth_error"
        else _(
            "**The gateway account has no credit left.** Nothing is sent for now; waiting videos "
            "keep their place. Top up the account at Dubrify, then press the button."
        )
    )
    st.error(sentence, icon=":material/credit_card_off:")
    label = _("Check the key now") if kind == "auth_error" else _("Credit added: go on")
    if viewer.may_make and st.button(label, icon=":material/play_arrow:", key="resume"):
        studio.current().store.resume_gateway(viewer.name, time.time())
        studio.current().wake()
        st.rerun()
