"""Jobs as the command line shows them: JSON lines, or lines for people."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from jobs.job import Job

_TOLD = (
    *("id", "state", "request_id", "prompt", "owner", "model", "duration", "resolution"),
    *("aspect_ratio", "image_url", "picture", "kind", "reason", "detail", "progress", "attempts"),
    *("created_at", "started_at", "submitted_at", "ended_at", "estimate_usd", "cost_usd"),
    *("clip_sha256", "clip_bytes", "video_seconds", "width", "height"),
)
"""What is told of a job. The video's address is not: it may be signed."""


def record(job: Job, archive: Path) -> dict[str, Any]:
    """A job's facts: times in seconds since the epoch, `clip` the file's path or None."""
    clip = archive / job.clip if job.clip else None
    told = {name: getattr(job, name) for name in _TOLD}
    return told | {"clip": str(clip.resolve()) if clip is not None and clip.is_file() else None}


def as_json(job: Job, archive: Path, **more: Any) -> str:
    return json.dumps(record(job, archive) | more)


def as_line(job: Job) -> str:
    """One line of a list: id, state, when asked for, whose, and the prompt's beginning."""
    at = datetime.fromtimestamp(job.created_at).astimezone().strftime("%Y-%m-%d %H:%M")
    words = _plain(job.prompt)
    words = words if len(words) <= 60 else words[:59] + "…"
    return f"{job.id}  {job.state:10}  {at}  {_plain(job.owner):12}  {words}"


def as_text(job: Job, archive: Path) -> str:
    """All that is known of a job, a line each."""
    lines = []
    for name, value in record(job, archive).items():
        if value is None:
            continue
        if name.endswith("_at"):
            value = datetime.fromtimestamp(value).astimezone().isoformat(" ", "seconds")
        lines.append(f"{name.replace('_', ' '):14} {_plain(str(value))}")
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
