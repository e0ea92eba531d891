"""The library as a compact table, with an export that spreadsheets open safely."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import pandas as pd
import streamlit as st

import studio
from jobs.job import Job, State
from jobs.models import title
from ui.cards import words
from ui.explain import explain
from ui.i18n import _
from ui.session import Viewer

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may read as the start of a formula, full-width forms included."""


def table(viewer: Viewer) -> None:
    """All of the person's jobs, and a button that saves them as CSV."""
    found = studio.current().store.all(viewer.name)
    if not found:
        st.info(_("Nothing here yet."))
        return
    shown = frame_of(found)
    st.dataframe(
        shown,
        hide_index=True,
        height=min(560, 36 * (len(found) + 1) + 2),
        alt=_("Your videos, newest first"),
    )
    st.download_button(
        _("Export as CSV"),
        data=lambda: csv_of(shown),  # runs later, where nobody's language is known
        file_name="grok-videos.csv",
        mime="text/csv",
        icon=":material/table_view:",
    )


def frame_of(jobs: Sequence[Job]) -> pd.DataFrame:
    """One row a job: times in UTC, durations in seconds, money in US dollars."""
    gateway = studio.current().store.gateway
    # Ten thousand rows want each word translated once.
    labels: dict[tuple[State, bool], str] = {}
    for job in jobs:
        if (kind := (job.state, job.gateway == gateway)) not in labels:
            labels[kind] = explain(job, job.created_at, gateway).label
    return pd.DataFrame(
        {
            _("Requested (UTC)"): [
                datetime.fromtimestamp(job.created_at, UTC).replace(tzinfo=None, microsecond=0)
                for job in jobs
            ],
            _("State"): [labels[job.state, job.gateway == gateway] for job in jobs],
            _("Prompt"): [words(job) for job in jobs],
            _("Model"): [title(job.model) for job in jobs],
            _("Duration (s)"): pd.array([_seconds(job) for job in jobs], dtype="Int64"),
            _("Resolution"): [_resolution(job) for job in jobs],
            _("Aspect ratio"): [job.aspect_ratio or "" for job in jobs],
            _("Cost ($)"): [
                job.cost_usd if job.cost_usd is not None else job.estimate_usd for job in jobs
            ],
            _("Request id"): [job.request_id or "" for job in jobs],
        }
    )


def _seconds(job: Job) -> int | None:
    """What was asked for; of an adopted video what came, once it has."""
    if not job.is_adopted:
        return job.duration
    return round(job.video_seconds) if job.video_seconds else None


def _resolution(job: Job) -> str:
    if not job.is_adopted:
        return job.resolution
    return f"{job.width}x{job.height}" if job.width and job.height else ""


def csv_of(frame: pd.DataFrame) -> bytes:
    """The frame as UTF-8 CSV with a byte order mark, no cell of which is a formula."""
    safe = frame.map(lambda cell: _inert(cell) if isinstance(cell, str) else cell)
    return safe.to_csv(index=False).encode("utf-8-sig")


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
