"""Small things that tick or act in the browser, so that the server need not run for them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from ui.i18n import _

FRONTEND: Final = Path(__file__).resolve().parent / "frontend"


def script(name: str) -> str:
    """The JavaScript of a component."""
    return (FRONTEND / name).read_text(encoding="utf-8")


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
    js=script("elapsed.js"),
)

_copy = st.components.v2.component(
    "studio_copy",
    html='<button type="button"></button>\n<!-- the label is set by the script -->',
    css="""
    button { font: 400 0.875rem var(--st-font); color: var(--st-text-color); cursor: pointer;
             background: var(--st-background-color); border: 1px solid var(--st-border-color);
             border-radius: 999px; padding: 0.5rem 1rem; min-height: 2.5rem; }
    button:hover, button:focus-visible { border-color: var(--st-primary-color);
             color: var(--st-primary-color); outline: none; }
    """,
    js=script("copy.js"),
)


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


def copy_button(key: str, label: str, text: str) -> None:
    """A button that copies `text` in the browser."""
    _copy(
        key=key,
        data={"label": label, "text": text, "done": _("Copied"), "failed": _("Copy it by hand")},
        width="content",
        height="content",
    )
