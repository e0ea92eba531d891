"""Live updates: a page hears "changed" over its own WebSocket and redraws just what changed.

The server side is `server/live.py`. While that socket cannot be had, the fragment asks at intervals.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import streamlit as st

from ui.components import script
from ui.session import Viewer, live_token

WATCH: Final = "watch"
"""The key of the fragment that holds the socket; rerunning it tells the page that a run came back."""

FALLBACK_SECONDS: Final = 8.0

ONCE_A_DAY: Final = 86_400.0
"""Seconds. Only where some fragment is due at intervals does Streamlit's page ask for a full run when
it has found the server again. Without that a page whose session is gone, because the server was
started anew or the computer slept, shows its last state for ever and its buttons do nothing."""

_socket = st.components.v2.component("studio_live", html="<span></span>\n", js=script("live.js"))


def watch(
    viewer: Viewer,
    version: Callable[[], int],
    on_change: Callable[[], None],
    ask: Callable[[], None],
    news: Callable[[], None],
) -> None:
    """Mounts the page's socket. `version` is what is shown, `on_change` a callback that compares.

    An idle page costs no run: only while the page reports that it has no socket does `ask` compare
    at intervals. `news` draws what the page has to say about changes.
    """
    has_no_socket = st.session_state.get("live", {}).get("socket") == "down"
    every = FALLBACK_SECONDS if has_no_socket else ONCE_A_DAY

    def body() -> None:
        if has_no_socket:
            ask()
        _socket(
            key="live",
            data={"token": live_token(viewer), "version": version(), "run": time.time()},
            on_changed_change=on_change,
            on_socket_change=st.rerun,
            height=1,
        )
        news()

    st.fragment(body, key=WATCH, run_every=every)()
