"""Jobs and calls, kept in SQLite: an accepted job is on the disk before it is answered."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, family TEXT NOT NULL, clip TEXT NOT NULL UNIQUE, prompt TEXT NOT NULL,
    duration INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
    accepted_at REAL NOT NULL, due_at REAL NOT NULL,
    picture BLOB, picture_host TEXT NOT NULL, model TEXT NOT NULL DEFAULT 'grok-imagine-video'
);
CREATE TABLE IF NOT EXISTS calls (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, kind TEXT NOT NULL,
    result TEXT NOT NULL, status INTEGER NOT NULL, job TEXT, prompt TEXT, body BLOB, key TEXT,
    content_type TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS calls_by_job ON calls (job, kind, result);
CREATE INDEX IF NOT EXISTS calls_by_prompt ON calls (prompt) WHERE prompt IS NOT NULL;
"""
ADDED = {
    "jobs": ("model", "TEXT NOT NULL DEFAULT 'grok-imagine-video'"),
    "calls": ("content_type", "TEXT NOT NULL DEFAULT ''"),
}
"""Columns that a file of an earlier version lacks; they stand last in the tables above."""


@dataclass(frozen=True)
class Job:
    """An accepted request. Times are seconds of the wall clock, so a restart goes on with them."""

    id: str
    family: str
    clip: str
    prompt: str
    model: str
    duration: int
    size: tuple[int, int]
    accepted_at: float
    due_at: float
    from_picture: bool
    picture: bytes | None = None
    picture_host: str = ""

    @property
    def path(self) -> str:
        return f"/cdn/{self.clip}.mp4"

    def share(self, now: float) -> float:
        """How much of the work is done, 0–1."""
        whole = self.due_at - self.accepted_at
        return min(1.0, (now - self.accepted_at) / whole) if whole > 0 else 1.0


@dataclass(frozen=True)
class Call:
    """One call received. `key` is a fingerprint, never the key."""

    kind: str
    result: str
    status: int
    at: float
    job: str | None = None
    prompt: str | None = None
    body: bytes | None = None
    key: str | None = None
    content_type: str = ""


class Book:
    """Everything that must outlive a kill. Methods may be called from any thread."""

    def __init__(self, file: Path):
        self.lock = threading.RLock()
        self.db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = NORMAL")
        self.db.executescript(SCHEMA)
        for table, (column, kind) in ADDED.items():
            known = [row["name"] for row in self.rows(f"PRAGMA table_info({table})")]
            if column not in known:
                self.db.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")

    def accept(self, job: Job, call: Call) -> None:
        """Keep a job and the call that brought it, in one transaction that reaches the disk."""
        values = (
            *(job.id, job.family, job.clip, job.prompt, job.duration, *job.size),
            *(job.accepted_at, job.due_at, job.picture, job.picture_host, job.model),
        )
        with self.lock:
            self.db.execute("PRAGMA synchronous = FULL")
            self.db.execute("BEGIN IMMEDIATE")
            try:
                self.db.execute(
                    "INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values
                )
                self.note(call)
                self.db.execute("COMMIT")
            except BaseException:
                self.db.execute("ROLLBACK")
                raise
            finally:
                self.db.execute("PRAGMA synchronous = NORMAL")

    def note(self, call: Call) -> None:
        with self.lock:
            self.db.execute(
                "INSERT INTO calls (kind, result, status, at, job, prompt, body, key,"
                " content_type) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(call.kind, call.result, call.status, call.at),
                    *(call.job, call.prompt, call.body, call.key, call.content_type),
                ),
            )

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        with self.lock, closing(self.db.execute(query, values)) as cursor:
            return cursor.fetchall()

    def job(self, *, id: str = "", clip: str = "") -> Job | None:
        rows = self.rows("SELECT * FROM jobs WHERE id = ? OR clip = ?", id, clip)
        return job_of(rows[0]) if rows else None

    def jobs(self) -> list[Job]:
        return [job_of(row) for row in self.rows("SELECT * FROM jobs ORDER BY accepted_at, rowid")]

    def times(self, job: str, kind: str, result: str = "%") -> int:
        """How many calls of a kind this job has seen, with this result."""
        query = "SELECT COUNT(*) FROM calls WHERE job = ? AND kind = ? AND result LIKE ?"
        return int(self.rows(query, job, kind, result)[0][0])

    def last(self, job: str, kind: str, result: str) -> int:
        """The number of the latest such call, 0 when there is none."""
        query = "SELECT MAX(number) FROM calls WHERE job = ? AND kind = ? AND result = ?"
        return int(self.rows(query, job, kind, result)[0][0] or 0)

    def refusals(self, prompt: str, result: str) -> int:
        """How often a prompt was refused with this result since it was last accepted."""
        query = (
            "SELECT COUNT(*) FROM calls WHERE prompt = ? AND kind = 'create' AND result = ? AND"
            " number > (SELECT COALESCE(MAX(number), 0) FROM calls WHERE prompt = ?"
            " AND kind = 'create' AND result = 'accepted')"
        )
        return int(self.rows(query, prompt, result, prompt)[0][0])

    def clear(self) -> None:
        with self.lock:
            self.db.executescript("DELETE FROM jobs; DELETE FROM calls;")

    def close(self) -> None:
        with self.lock:
            self.db.close()


def job_of(row: sqlite3.Row) -> Job:
    return Job(
        id=row["id"],
        family=row["family"],
        clip=row["clip"],
        prompt=row["prompt"],
        model=row["model"],
        duration=row["duration"],
        size=(row["width"], row["height"]),
        accepted_at=row["accepted_at"],
        due_at=row["due_at"],
        from_picture=bool(row["picture"] or row["picture_host"]),
        picture=row["picture"],
        picture_host=row["picture_host"],
    )


def as_text(body: bytes | None, limit: int = 65_536) -> Any:
    """A body as received: text where it is short UTF-8, otherwise None (ask for its bytes)."""
    if body is None or len(body) > limit:
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def as_json(body: bytes | None) -> Any:
    """The JSON value of a short body, None when it is not JSON."""
    text = as_text(body)
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None
