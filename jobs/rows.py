"""Rows on their way from one database to another: what travels, checked, and in which state."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import sqlalchemy as sa

from grok_api.documents import is_identifier
from jobs import tables
from jobs.archive import clip_name, picture_name, poster_name
from jobs.database import Database, lock_changes, next_change
from jobs.job import LIVE, State

Row = dict[str, Any]
Rows = dict[str, list[Row]]

TABLES: Final = {
    "jobs": tables.jobs,
    "decisions": tables.decisions,
    "drafts": tables.drafts,
}
"""What travels. Accounts and sessions do not: they are secrets."""

_LEFT_BEHIND: Final = {"jobs": {"version", "lease_until"}, "decisions": {"id"}}
"""Columns that mean something in their own database only."""

_JOB_ID: Final = re.compile(r"[0-9a-z]{20}", re.ASCII)


def read(database: Database, owner: str | None = None) -> Rows:
    """All that travels, or one person's, as of one moment."""
    found: Rows = {}
    with database.snapshot() as connection:
        for name, table in TABLES.items():
            query = sa.select(*_columns(name)).order_by(*table.primary_key.columns)
            if owner is not None and name == "decisions":
                theirs = sa.select(tables.jobs.c.id).where(tables.jobs.c.owner == owner)
                query = query.where(table.c.job.in_(theirs))
            elif owner is not None:
                query = query.where(table.c.owner == owner)
            found[name] = [dict(row) for row in connection.execute(query).mappings()]
    found["jobs"] = [portable(row) for row in found["jobs"]]
    return found


def portable(row: Mapping[str, Any]) -> Row:
    """A job's row as it may stand in another database, which may not be the only one to go on.

    A video that is being made is asked after anew. One that waited or was being sent may be sent
    by whoever it was taken from, so here its outcome is unknown: the machine never sends it.
    """
    video_url, poster_url = _without_query(row["video_url"]), _without_query(row["poster_url"])
    moved: Row = {**row, "video_url": video_url, "poster_url": poster_url}
    if row["state"] in (State.QUEUED, State.SUBMITTING):
        moved |= {"state": "unknown", "kind": "unknown", "reason": "interrupted", "detail": None}
        moved |= {"ended_at": row["started_at"] or row["created_at"]}
        moved |= {"attempts": max(row["attempts"], 1)}
    elif row["state"] == State.READY and row["request_id"] is not None:
        moved |= {"state": "pending", "kind": "pending", "reason": None, "detail": None}
        moved |= {"errors": 0, "link_until": None}
    return {**moved, "state": str(moved["state"])}


def files_of(name: str, row: Mapping[str, Any]) -> list[str]:
    """The archive's files that a row of the table `name` shows."""
    if name != "jobs" or row["deleted_at"] is not None:
        return []
    shown = [row["clip"], row["poster"]]
    if row["picture"] is not None:
        shown.append(picture_name(row["picture"]))
    return [each for each in shown if each is not None]


# -- coming in


def checked(name: str, row: object) -> Row:
    """A row of the table `name` that came from outside. Raises ValueError for any other thing."""
    if not isinstance(row, dict):
        raise ValueError("not a row")
    columns = {column.name: column for column in _columns(name)}
    if row.keys() - columns.keys():
        raise ValueError("an unknown column")
    found = {each: _value(column, row.get(each)) for each, column in columns.items()}
    if name == "drafts" and not isinstance(json.loads(found["fields"]), dict):
        raise ValueError("not a draft")
    return _job(found) if name == "jobs" else found


def _value(column: sa.Column[Any], value: Any) -> Any:
    if value is None:
        if not column.nullable:
            raise ValueError(f"no {column.name}")
        return None
    wanted = column.type.python_type
    if isinstance(value, bool) != (wanted is bool):
        raise ValueError(f"a strange {column.name}")
    if wanted is float and isinstance(value, int | float) and math.isfinite(value):
        return float(value)
    if not isinstance(value, wanted):
        raise ValueError(f"a strange {column.name}")
    if isinstance(value, str):
        value.encode()  # half a character is a ValueError
        if "\0" in value:
            raise ValueError(f"a NUL in {column.name}")
    most = 2**63 if isinstance(column.type, sa.BigInteger) else 2**31
    if wanted is int and not -most <= value < most:
        raise ValueError(f"a strange {column.name}")
    return value


def _job(row: Row) -> Row:
    request_id, state = row["request_id"], State(row["state"])
    names = {"clip": clip_name(row["id"]), "poster": poster_name(row["id"])}
    picture_name(row["picture"] or "0" * 64 + ".jpg")
    if (
        _JOB_ID.fullmatch(row["id"]) is None
        or (request_id is not None and not is_identifier(request_id))
        or (state is State.PENDING and request_id is None)
        or any(row[each] not in (None, name) for each, name in names.items())
    ):
        raise ValueError("not a job")
    return portable(row)


def known_jobs(database: Database) -> set[str]:
    """The ids of all jobs here, deleted ones too."""
    with database.read() as connection:
        return set(connection.execute(sa.select(tables.jobs.c.id)).scalars())


def write(database: Database, rows: Rows, now: float) -> dict[str, int]:
    """Adds what is not there yet, all or nothing; returns how many rows of each table were new."""
    with database.write() as connection:
        lock_changes(connection)
        change = next_change(connection)
        jobs, decisions, drafts = tables.jobs.c, tables.decisions, tables.drafts.c
        there = {
            row.id: row.form_token
            for row in connection.execute(sa.select(jobs.id, jobs.form_token))
        }
        tokens = set(there.values())
        new: Rows = {"jobs": [], "decisions": [], "drafts": []}
        for row in rows["jobs"]:
            if row["id"] in there:
                continue
            # What was asked for here under the same token is another job.
            token = f"moved-{row['id']}" if row["form_token"] in tokens else row["form_token"]
            due = {"next_at": now} if State(row["state"]) in LIVE else {}
            new["jobs"].append({**row, **due, "form_token": token, "version": change})
        columns = [column for column in decisions.c if column.name != "id"]
        noted = {tuple(row) for row in connection.execute(sa.select(*columns))}
        for row in rows["decisions"]:
            if tuple(row[column.name] for column in columns) not in noted:
                new["decisions"].append(row)
        drafted = {tuple(row) for row in connection.execute(sa.select(drafts.owner, drafts.form))}
        for row in rows["drafts"]:
            if (row["owner"], row["form"]) not in drafted:
                new["drafts"].append(row)
        for name, added in new.items():
            if added:
                connection.execute(sa.insert(TABLES[name]), added)
    return {name: len(added) for name, added in new.items()}


def _columns(name: str) -> Sequence[sa.Column[Any]]:
    left = _LEFT_BEHIND.get(name, set())
    return [column for column in TABLES[name].columns if column.name not in left]


def _without_query(url: str | None) -> str | None:
    """The address without what may sign it, or name a person and a password."""
    if url is None:
        return None
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
