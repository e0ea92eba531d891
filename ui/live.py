"""Live updates: a page hears "changed" over its own WebSocket and redraws just what changed.

The server side is `server/live.py`. While that socket cannot be had, the fragment asks at intervals.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import streamlit as st

from ui.session import Viewer, live_token

FRONTEND: Final = Path(__file__).resolve().parent / "frontend"

WATCH: Final = "watch"
"""The key of the fragment that holds the socket; rerunning it tells the page that a run came back."""

FALLBACK_SECONDS: Final = 8.0

_socket = st.components.v2.component(
    "studio_live", html="<span></span>\n", js=(FRONTEND / "live.js").read_text(encoding="utf-8")
)
_elapsed = st.components.v2.component(
    "studio_elapsed",
    html='<div class="elapsed" role="timer"><div class="track"><div class="bar"></div></div>\n'
    '<span class="time"></span> <span class="note"></span></div>',
    css="""
    .elapsed { font-family: var(--st-font); font-size: 0.85rem; color: var(--st-text-color); }
    .time { font-variant-numeric: tabular-nums; font-weight: 600; }
    .note { opacity: 0.75; }
    .track { height: 3px; border-radius: 2px; margin-bottom: 0.5rem;
             background: var(--st-border-color); overflow: hidden; }
    .bar { height: 100%; border-radius: 2px; background: var(--st-primary-color);
           transition: width 1s linear; }
    """,
    js=(FRONTEND / "elapsed.js").read_text(encoding="utf-8"),
)


def watch(
    viewer: Viewer,
    version: Callable[[], int],
    on_change: Callable[[], None],
    ask: Callable[[], None],
) -> None:
    """Mounts the page's socket. `version` is what is shown, `on_change` a callback that compares.

    An idle page costs no run: `run_every` is set only while the page reports that it has no socket;
    then `ask` compares at intervals.
    """
    has_no_socket = st.session_state.get("live", {}).get("socket") == "down"
    every = FALLBACK_SECONDS if has_no_socket else None

    def body() -> None:
        if has_no_socket:
            ask()
        _socket(
            key="live",
            data={"token": live_token(viewer), "version": version()},
            on_changed_change=on_change,
            on_socket_change=st.rerun,
            height=1,
        )

    st.fragment(body, key=WATCH, run_every=every)()


def elapsed(
    key: str, since: float, now: float, note: str, typical: float, progress: int | None, bar: bool
) -> None:
    """A clock that ticks in the browser: seconds since `since`, a note, and a bar if wanted.

    `typical` is the time in seconds by which the bar stands at two thirds; a `progress` in per cent
    that the gateway tells takes its place.
    """
    _elapsed(
        key=key,
        data={
            "key": key, "since": since, "now": now, "note": note, "typical": typical,
            "progress": progress, "bar": bar,
        },
        height="content",
    )  # fmt: skip
