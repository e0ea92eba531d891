"""Before anybody is in: the sign-in form, and what to do when the studio is closed."""

from __future__ import annotations

import time

import streamlit as st

import studio
from people.samples import PASSWORDS
from people.sign_in import Refused, SignedIn
from people.sign_in import sign_in as try_sign_in
from ui import frame
from ui.i18n import _
from ui.session import address, go_and_close, go_and_open


def sign_in() -> None:
    """The form; on success the browser goes to fetch its cookie and comes back to this page."""
    if st.session_state.pop("signed_out", False):
        go_and_close()
    with _narrow():
        frame.wordmark()
        st.text(_("Short videos from a sentence or a picture."))
        with st.form("sign_in", border=True):
            username = st.text_input(_("Username"), key="username", autocomplete="username")
            password = st.text_input(
                _("Password"), type="password", key="password", autocomplete="current-password"
            )
            sent = st.form_submit_button(_("Sign in"), type="primary", width="stretch")
        if sent:
            _answer(username, password)
        if studio.current().settings.is_rehearsal:
            _samples()
        frame.language_switch()


def _answer(username: str, password: str) -> None:
    here = studio.current()
    outcome = try_sign_in(
        here.accounts, here.throttle, here.sessions, username, password, address(), time.time()
    )
    match outcome:
        case SignedIn(ticket=ticket, account=account):
            frame.keep_language(account.username)
            go_and_open(ticket)
        case Refused(reason="blank"):
            st.error(_("Enter your username and your password."), icon=":material/edit:")
        case Refused(reason="wait", wait_seconds=seconds):
            minutes = max(1, round(seconds / 60))
            st.error(
                _("Too many tries. Wait {n} min, then try again.").format(n=minutes),
                icon=":material/hourglass_top:",
            )
        case Refused():
            st.error(
                _("That username and password do not match. Check both and try again."),
                icon=":material/lock:",
            )


def _samples() -> None:
    with st.container(border=True):
        st.badge(_("Rehearsal"), icon=":material/theater_comedy:", color="orange")
        st.text(
            _(
                "No key is set, so the clips here are rehearsals: real files, made on this machine, "
                "at no cost. Sign in with a sample account."
            )
        )
        st.table(
            [
                {_("Username"): name, _("Password"): password}
                for name, password in PASSWORDS.items()
            ],
            hide_index=True,
        )


def closed(why: str) -> None:
    """What stands instead of the form while nobody can come in."""
    with _narrow():
        frame.wordmark()
        if why == "no_people":
            st.warning(_("The studio is closed: a key is set, but nobody may come in yet."))
            st.text(_("Add the first person where the studio runs, then reload this page:"))
            st.code("make user", language=None)
            st.text(
                _(
                    "Or add people to secrets.toml, as in .streamlit/secrets.example.toml, "
                    "and start the studio again."
                )
            )
        else:
            st.warning(_("The studio is closed: its key is missing."))
            st.text(
                _(
                    "Real videos or people are kept here, so it does not start a rehearsal. "
                    "Set GROK_API_KEY again and restart; or choose another DATA_DIR to rehearse."
                )
            )
        frame.language_switch()


def _narrow() -> st.delta_generator.DeltaGenerator:
    """A column of reading width in the middle of the page."""
    with st.container(horizontal_alignment="center"):
        return st.container(width=420)
