"""Who is looking: the session behind this run, sign-in's last step and sign-out."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Final

import streamlit as st

import studio
from people.accounts import Account
from people.addresses import client_address
from people.sessions import Session

_IN_THIS_TAB: Final = "signed_in_here"
"""Where a tab keeps its token when the host drops cookies."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person looking at the page."""

    session: Session

    @property
    def account(self) -> Account:
        return self.session.account

    @property
    def name(self) -> str:
        return self.account.username

    @property
    def may_make(self) -> bool:
        """Whether the person may ask for videos; a pure viewer may only look."""
        return bool(self.account.roles & {"producer", "admin"})


def current_user() -> Viewer | None:
    """The person behind this run, asked anew on every run, or None.

    Reads the cookie; where the host drops cookies, the token this tab was given at sign-in.
    """
    here, now = studio.current(), time.time()
    token = st.context.cookies.get(here.cookie_name)
    session = here.sessions.resume(token, now) if token else None
    receipt = st.query_params.get(studio.RECEIPT)
    if receipt:
        del st.query_params[studio.RECEIPT]
        if session is not None:
            here.sessions.spend_receipt(receipt)
        elif (redeemed := here.sessions.redeem_receipt(receipt, now)) is not None:
            st.session_state[_IN_THIS_TAB] = redeemed[0]
    if session is None and _IN_THIS_TAB in st.session_state:
        session = here.sessions.resume(st.session_state[_IN_THIS_TAB], now)
    if session is None:
        return None
    return Viewer(session)


def still_signed_in(viewer: Viewer) -> bool:
    """Whether `viewer` is still who is behind this run.

    For callbacks that write: they run before the page has asked.
    """
    now = current_user()
    return now is not None and now.name == viewer.name


def keep_apart(viewer: Viewer) -> None:
    """Clears what somebody else has left in this tab: its session may get another cookie."""
    if st.session_state.get("person", viewer.name) != viewer.name:
        token = st.session_state.get(_IN_THIS_TAB) if viewer.session.cookieless else None
        st.session_state.clear()
        if token is not None:
            st.session_state[_IN_THIS_TAB] = token
    st.session_state["person"] = viewer.name


def sign_out(viewer: Viewer) -> None:
    """Ends the session on the server; what this tab still shows is cleared by the next run."""
    studio.current().sessions.revoke(viewer.session.id, time.time())
    st.session_state.clear()
    st.session_state["signed_out"] = True


def address() -> str:
    """The address the person comes from, for the throttle."""
    peer = st.context.ip_address or "127.0.0.1"
    forwarded = st.context.headers.get("X-Forwarded-For")
    return client_address(peer, forwarded, studio.current().settings.proxies)


def go_and_open(ticket: str) -> None:
    """Sends the browser to the address that sets the cookie, and from there back to this page."""
    _navigate("app/session/open", {"ticket": ticket})


def go_and_close() -> None:
    """Sends the browser to the address that clears the cookie."""
    _navigate("app/session/close", {})


def _navigate(path: str, query: dict[str, str]) -> None:
    # Addresses are built from the page's own base, because some hosts serve apps below a prefix.
    script = f"""
    <script>
    const target = new URL({json.dumps(path)}, document.baseURI);
    const query = {json.dumps(query)};
    for (const name in query) target.searchParams.set(name, query[name]);
    target.searchParams.set("next", location.pathname + location.search);
    location.replace(target);
    </script>
    """
    st.html(script, unsafe_allow_javascript=True)


def media_url(viewer: Viewer, thing: str, variant: str, extension: str) -> str:
    """The signed address of a clip, poster or picture: the same on every run of a session.

    A changed `src` would send a playing video back to its start.
    """
    token = studio.current().links.sign(studio.MEDIA, thing, viewer.session.id, variant)
    return f"/app/static/media/{token}.{extension}"


def live_token(viewer: Viewer) -> str:
    """What the page's WebSocket shows to be let in."""
    return studio.current().links.sign(studio.LIVE, "", viewer.session.id, "")
