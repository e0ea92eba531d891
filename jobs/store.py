"""What people do with jobs, and what screens read. Every read and write names its owner."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from jobs.database import Database, next_change
from jobs.job import ENDED, Job, NewJob, State, new_id
from jobs.tables import changes, decisions, drafts, gateways, jobs

DAY: Final = 24 * 3600.0
COLUMNS: Final = tuple(jobs.c[field.name] for field in fields(Job))


class LimitReached(Exception):
    """The person has asked for as many clips in 24 hours as the setting allows (`limit`)."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the limit of {limit} clips in 24 hours is reached")
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a person's jobs, newest first, how many there are in all, and as of which change."""

    jobs: tuple[Job, ...]
    total: int
    version: int = 0


@dataclass(frozen=True, slots=True)
class GatewayStatus:
    """Whether submissions to a gateway are held back, why, and since when."""

    paused_kind: str | None = None
    paused_detail: str | None = None
    paused_at: float | None = None


class Store:
    """The list of jobs. One query a method; each write is one transaction."""

    def __init__(self, database: Database, gateway: str, clips_per_day: int = 100) -> None:
        """`gateway` is the name new jobs are bound to (`jobs/gateway.py`)."""
        self._database = database
        self._clips_per_day = clips_per_day
        self.gateway = gateway

    # -- asking

    def enqueue(self, new: NewJob, form_token: str, now: float) -> Job:
        """Writes a queued job and returns it; the same `form_token` again returns the first one.

        Raises LimitReached, checked in the same transaction.
        """
        with self._database.write() as connection:
            known = connection.execute(
                sa.select(*COLUMNS).where(
                    jobs.c.form_token == form_token, jobs.c.owner == new.owner
                )
            ).mappings()
            if (row := known.first()) is not None:
                return job_of(row)
            return self._insert(connection, new, form_token, now)

    def _insert(self, connection: Connection, new: NewJob, form_token: str, now: float) -> Job:
        asked = connection.execute(
            sa.select(sa.func.count()).where(
                jobs.c.owner == new.owner,
                jobs.c.created_at > now - DAY,
                jobs.c.state != State.CANCELLED,
            )
        ).scalar_one()
        if asked >= self._clips_per_day:
            raise LimitReached(self._clips_per_day)
        row = {
            **{field.name: getattr(new, field.name) for field in fields(NewJob)},
            "id": new_id(now),
            "form_token": form_token,
            "gateway": self.gateway,
            "state": State.QUEUED,
            "created_at": now,
            "next_at": now,
            "fence": 0,
            "attempts": 0,
            "errors": 0,
            "version": next_change(connection),
        }
        inserted = connection.execute(sa.insert(jobs).values(row).returning(*COLUMNS))
        return job_of(inserted.mappings().one())

    # -- reading

    def get(self, owner: str, job_id: str) -> Job | None:
        """The job, or None where it is not there, is deleted or is somebody else's."""
        query = sa.select(*COLUMNS).where(jobs.c.id == job_id, *_visible_to(owner))
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return job_of(row) if row is not None else None

    def page(self, owner: str, number: int = 1, size: int = 12) -> Page:
        """Page `number` (from 1) of the owner's jobs, newest first."""
        query = (
            sa.select(*COLUMNS, sa.func.count().over().label("total"), _now_at())
            .where(*_visible_to(owner))
            .order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
            .limit(size)
            .offset(max(number - 1, 0) * size)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        if not rows:
            return Page((), 0)
        return Page(tuple(job_of(row) for row in rows), rows[0]["total"], rows[0]["change"])

    def one(self, owner: str, job_id: str) -> Page:
        """A page of just this job; empty as `get` returns None."""
        job = self.get(owner, job_id)
        return Page((job,), 1, job.version) if job is not None else Page((), 0)

    def all(self, owner: str, limit: int = 10_000) -> Sequence[Job]:
        """The owner's jobs, newest first, for the table and its export."""
        return self.page(owner, 1, limit).jobs

    def owners_changed_since(self, version: int) -> tuple[int, frozenset[str]]:
        """The newest change number and the owners whose jobs changed after `version`.

        A change of the gateway's state concerns everybody, who then stand as "*".
        """
        with self._database.read() as connection:
            newest = int(connection.execute(sa.select(changes.c.number)).scalar_one())
            if newest == version:
                return newest, frozenset()
            owners = connection.execute(
                sa.select(jobs.c.owner).where(jobs.c.version > version).distinct()
            ).scalars()
            found = set(owners)
            if connection.execute(
                sa.select(gateways.c.name).where(gateways.c.version > version)
            ).first():
                found.add("*")
        return newest, frozenset(found)

    def gateway_status(self) -> GatewayStatus:
        """Whether submissions to this store's gateway are held back."""
        query = sa.select(
            gateways.c.paused_kind, gateways.c.paused_detail, gateways.c.paused_at
        ).where(gateways.c.name == self.gateway)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return GatewayStatus(*row) if row else GatewayStatus()

    def has_any(self) -> bool:
        """Whether any job was ever written here."""
        with self._database.read() as connection:
            return connection.execute(sa.select(jobs.c.id).limit(1)).first() is not None

    # -- deciding

    def cancel(self, owner: str, job_id: str, now: float) -> bool:
        """Takes back a job that still waits; False once anything may have been sent."""
        return self._change(
            owner, job_id, now, "cancel", [jobs.c.state == State.QUEUED],
            state=State.CANCELLED, kind=None, reason="cancelled", detail=None, ended_at=now,
        )  # fmt: skip

    def delete(self, owner: str, job_id: str, now: float) -> Job | None:
        """Hides an ended job and returns it, so that its files can be removed; else None."""
        with self._database.write() as connection:
            changed = connection.execute(
                sa.update(jobs)
                .where(jobs.c.id == job_id, jobs.c.state.in_(ENDED), *_visible_to(owner))
                .values(deleted_at=now, version=next_change(connection))
                .returning(*COLUMNS)
            )
            row = changed.mappings().first()
            if row is None:
                return None
            _note(connection, now, owner, "delete", job_id)
        return job_of(row)

    def picture_is_used(self, picture: str) -> bool:
        """Whether any job that is not deleted still shows this picture."""
        query = sa.select(jobs.c.id).where(jobs.c.picture == picture, jobs.c.deleted_at.is_(None))
        with self._database.read() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def recover(self, owner: str, job_id: str, request_id: str, now: float) -> bool:
        """Gives an unknown job the request id a person found; the worker then asks after it."""
        return self._change(
            owner, job_id, now, "recover", [jobs.c.state == State.UNKNOWN],
            detail_of_decision=request_id, state=State.PENDING, request_id=request_id,
            kind="pending", reason=None, detail=None, ended_at=None, next_at=now,
            submitted_at=sa.func.coalesce(jobs.c.submitted_at, now), errors=0,
        )  # fmt: skip

    def send_again(self, owner: str, job_id: str, form_token: str, now: float) -> Job | None:
        """Asks anew for what an unknown job asked for, after a person accepted a double charge.

        The decision is kept with who and when; the unknown job stays as it is.
        """
        old = self.get(owner, job_id)
        if old is None or old.state is not State.UNKNOWN:
            return None
        values = {field.name: getattr(old, field.name) for field in fields(NewJob)}
        with self._database.write() as connection:
            _note(connection, now, owner, "send again", job_id)
            return self._insert(connection, NewJob(**values), form_token, now)

    def resume_gateway(self, who: str, now: float) -> None:
        """Lets held-back submissions go on; for a refused key the worker checks the key first."""
        with self._database.write() as connection:
            mine = sa.update(gateways).where(gateways.c.name == self.gateway)
            connection.execute(
                mine.where(gateways.c.paused_kind == "auth_error").values(next_check_at=now)
            )
            connection.execute(
                mine.where(gateways.c.paused_kind != "auth_error").values(
                    paused_kind=None, paused_detail=None, paused_at=None,
                    version=next_change(connection),
                )
            )  # fmt: skip
            _note(connection, now, who, "resume", self.gateway)

    def _change(
        self, owner: str, job_id: str, now: float, what: str,
        guard: Sequence[sa.ColumnElement[bool]], detail_of_decision: str | None = None,
        **values: Any,
    ) -> bool:  # fmt: skip
        with self._database.write() as connection:
            changed = connection.execute(
                sa.update(jobs)
                .where(jobs.c.id == job_id, *_visible_to(owner), *guard)
                .values(**values, fence=jobs.c.fence + 1, version=next_change(connection))
            )
            if changed.rowcount == 1:
                _note(connection, now, owner, what, job_id, detail_of_decision)
        return changed.rowcount == 1

    # -- drafts

    def save_draft(self, owner: str, form: str, values: Mapping[str, Any], now: float) -> None:
        """Keeps what a person has typed into a form and not sent."""
        row = {"fields": json.dumps(dict(values)), "saved_at": now}
        with self._database.write() as connection:
            updated = connection.execute(
                sa.update(drafts).where(drafts.c.owner == owner, drafts.c.form == form).values(row)
            )
            if updated.rowcount == 0:
                connection.execute(sa.insert(drafts).values(owner=owner, form=form, **row))

    def draft(self, owner: str, form: str) -> dict[str, Any]:
        """What was typed and not sent, or an empty dict."""
        query = sa.select(drafts.c.fields).where(drafts.c.owner == owner, drafts.c.form == form)
        with self._database.read() as connection:
            found = connection.execute(query).scalar()
        return dict(json.loads(found)) if found else {}


def job_of(row: RowMapping) -> Job:
    """The row as a Job."""
    values = {column.name: row[column.name] for column in COLUMNS}
    return Job(**{**values, "state": State(values["state"])})


def _now_at() -> sa.Label[int]:
    """The change number, read in the same statement as the rows it belongs to."""
    return sa.select(changes.c.number).scalar_subquery().label("change")


def _visible_to(owner: str) -> tuple[sa.ColumnElement[bool], ...]:
    return jobs.c.owner == owner, jobs.c.deleted_at.is_(None)


def _note(
    connection: Connection, at: float, who: str, what: str, job: str, detail: str | None = None
) -> None:
    row = {"at": at, "who": who, "what": what, "job": job, "detail": detail}
    connection.execute(sa.insert(decisions).values(row))
