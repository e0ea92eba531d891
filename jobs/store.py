"""What people do with jobs, and what screens read. Every read and write names its owner."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from grok_api import limits_for
from grok_api.documents import is_identifier
from jobs.database import Database, lock_changes, next_change
from jobs.drafts import Drafts
from jobs.job import ENDED, Job, NewJob, State, new_id
from jobs.tables import changes, decisions, drafts, gateways, jobs

DAY: Final = 24 * 3600.0
COLUMNS: Final = tuple(jobs.c[field.name] for field in fields(Job))
_ADOPTED: Final = sa.and_(jobs.c.attempts == 0, jobs.c.request_id.is_not(None))  # as Job.is_adopted


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
    """Whether submissions to a gateway are held back, why and since when; and its models."""

    paused_kind: str | None = None
    paused_detail: str | None = None
    paused_at: float | None = None
    models: tuple[str, ...] | None = None
    """What the gateway lists for this key; None before it was asked."""


class Store(Drafts):
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
        return self.enqueue_all([(new, form_token)], now)[0][0]

    def enqueue_all(
        self, asked: Sequence[tuple[NewJob, str]], now: float
    ) -> Sequence[tuple[Job, bool]]:
        """Writes all of them, or none; tells of each whether it is new. Raises LimitReached."""
        found: list[tuple[Job, bool]] = []
        with self._database.write() as connection:
            lock_changes(connection)
            for number, (new, form_token) in enumerate(asked):
                known = self._known(connection, new.owner, form_token)
                # A microsecond apart, so that they take their turns in this order.
                at = now + number * 1e-6
                job = known or self._insert(connection, new, form_token, at)
                found.append((job, known is None))
        return found

    def _known(self, connection: Connection, owner: str, form_token: str) -> Job | None:
        query = sa.select(*COLUMNS).where(jobs.c.form_token == form_token, jobs.c.owner == owner)
        row = connection.execute(query).mappings().first()
        return job_of(row) if row is not None else None

    def _insert(self, connection: Connection, new: NewJob, form_token: str, now: float) -> Job:
        asked = connection.execute(
            sa.select(sa.func.count()).where(
                jobs.c.owner == new.owner,
                jobs.c.created_at > now - DAY,
                jobs.c.state != State.CANCELLED,
                sa.not_(_ADOPTED),
            )
        ).scalar_one()
        if asked >= self._clips_per_day:
            raise LimitReached(self._clips_per_day)
        return self._write(connection, new, form_token, now, state=State.QUEUED)

    def _write(
        self, connection: Connection, new: NewJob, form_token: str, now: float, **more: Any
    ) -> Job:
        row = {
            **{field.name: getattr(new, field.name) for field in fields(NewJob)},
            "id": new_id(now),
            "form_token": form_token,
            "gateway": self.gateway,
            "created_at": now,
            "next_at": now,
            "fence": 0,
            "attempts": 0,
            "errors": 0,
            "version": next_change(connection),
            **more,
        }
        inserted = connection.execute(sa.insert(jobs).values(row).returning(*COLUMNS))
        return job_of(inserted.mappings().one())

    def adopt(self, owner: str, request_id: str, model: str, now: float) -> Job | None:
        """Takes in a video that was asked for elsewhere; the worker then asks after it.

        None for what cannot be a request id, and for one that this gateway's jobs have already,
        whoever's they are. What it was asked with is not known: the model's defaults stand for it.
        """
        if not is_identifier(request_id):
            return None
        usual = limits_for(model)
        new = NewJob(owner, "", usual.default_duration, usual.default_resolution, model=model)
        known = sa.select(jobs.c.id).where(
            jobs.c.gateway == self.gateway,
            jobs.c.request_id == request_id,
            jobs.c.state != State.CANCELLED,
            sa.or_(jobs.c.owner != owner, jobs.c.deleted_at.is_(None)),
        )
        with self._database.write() as connection:
            lock_changes(connection)
            if connection.execute(known).first() is not None:
                return None
            found = {"request_id": request_id, "submitted_at": now, "kind": "pending"}
            token = f"adopted-{new_id(now)}"
            job = self._write(connection, new, token, now, state=State.PENDING, **found)
            _note(connection, now, owner, "adopt", job.id, request_id)
        return job

    # -- reading

    def get(self, owner: str, job_id: str) -> Job | None:
        """The job, or None where it is not there, is deleted or is somebody else's."""
        query = sa.select(*COLUMNS).where(jobs.c.id == job_id, *_visible_to(owner))
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return job_of(row) if row is not None else None

    def page(self, owner: str, number: int = 1, size: int = 12) -> Page:
        """Page `number` (from 1) of the owner's jobs, newest first."""
        mine = _visible_to(owner)
        shown = (
            sa.select(*COLUMNS)
            .where(*mine)
            .order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
            .limit(size)
            .offset(max(number - 1, 0) * size)
            .subquery()
        )
        total = sa.select(sa.func.count()).select_from(jobs).where(*mine).scalar_subquery()
        # One statement, so that number, total and jobs belong together; an empty page has a row.
        query = (
            sa.select(changes.c.number.label("change"), total.label("total"), shown)
            .select_from(changes.outerjoin(shown, sa.true()))
            .order_by(shown.c.created_at.desc(), shown.c.id.desc())
        )
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        found = tuple(job_of(row) for row in rows if row["id"] is not None)
        return Page(found, rows[0]["total"], rows[0]["change"])

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
            # What changes between these reads has a higher number and belongs to the next call.
            owners = connection.execute(
                sa.select(jobs.c.owner)
                .where(jobs.c.version > version, jobs.c.version <= newest)
                .distinct()
            ).scalars()
            found = set(owners)
            paused = sa.select(gateways.c.name).where(
                gateways.c.version > version, gateways.c.version <= newest
            )
            if connection.execute(paused).first():
                found.add("*")
        return newest, frozenset(found)

    def gateway_status(self) -> GatewayStatus:
        """Whether submissions to this store's gateway are held back."""
        query = sa.select(
            gateways.c.paused_kind,
            gateways.c.paused_detail,
            gateways.c.paused_at,
            gateways.c.models,
        ).where(gateways.c.name == self.gateway)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            return GatewayStatus()
        return GatewayStatus(*row[:3], tuple(json.loads(row.models)) if row.models else None)

    def of_everybody(
        self, owner: str | None = None, state: State | None = None, since: int | None = None
    ) -> Sequence[Job]:
        """Jobs for the operator's command line, oldest first; `since` is a change number."""
        wanted: list[sa.ColumnElement[bool]] = [jobs.c.deleted_at.is_(None)]
        if owner is not None:
            wanted.append(jobs.c.owner == owner)
        if state is not None:
            wanted.append(jobs.c.state == state)
        order: list[Any] = [jobs.c.created_at, jobs.c.id]
        if since is not None:
            wanted.append(jobs.c.version > since)
            order = [jobs.c.version]
        with self._database.read() as connection:
            rows = connection.execute(sa.select(*COLUMNS).where(*wanted).order_by(*order))
            return [job_of(row) for row in rows.mappings()]

    def find(self, job_id: str) -> Job | None:
        """Anybody's job, for the operator's command line."""
        query = sa.select(*COLUMNS).where(jobs.c.id == job_id, jobs.c.deleted_at.is_(None))
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return job_of(row) if row is not None else None

    def has_any(self) -> bool:
        """Whether any job was ever written here."""
        with self._database.read() as connection:
            return connection.execute(sa.select(jobs.c.id).limit(1)).first() is not None

    # -- deciding

    def cancel(self, owner: str, job_id: str, now: float) -> bool:
        """Takes back a job that still waits; False once anything may have been sent from here."""
        adopted = sa.and_(jobs.c.state == State.PENDING, _ADOPTED)
        return self._change(
            owner, job_id, now, "cancel", [sa.or_(jobs.c.state == State.QUEUED, adopted)],
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
        """Whether a job that is not deleted, or somebody's draft, still shows this picture."""
        shown = sa.select(jobs.c.id).where(jobs.c.picture == picture, jobs.c.deleted_at.is_(None))
        drafted = sa.select(drafts.c.owner).where(drafts.c.fields.contains(picture))
        with self._database.read() as connection:
            return any(
                connection.execute(query.limit(1)).first() is not None for query in (shown, drafted)
            )

    def recover(self, owner: str, job_id: str, request_id: str, now: float) -> bool:
        """Gives an unknown job the request id a person found; the worker then asks after it.

        False for a job that is not unknown, for what cannot be a request id, and for one that
        another job has: it would bring somebody else's video. An id that the job had before stays
        among the decisions.
        """
        if not is_identifier(request_id):
            return False
        other = jobs.alias("other")
        taken = sa.exists().where(
            other.c.gateway == self.gateway,
            other.c.request_id == request_id,
            other.c.id != job_id,
            other.c.state != State.CANCELLED,
        )
        before = self.get(owner, job_id)
        known = before.request_id if before is not None else None
        noted = request_id if known in (None, request_id) else f"{request_id} instead of {known}"
        return self._change(
            owner, job_id, now, "recover", [jobs.c.state == State.UNKNOWN, ~taken],
            detail_of_decision=noted, state=State.PENDING, request_id=request_id,
            kind="pending", reason=None, detail=None, ended_at=None, next_at=now,
            submitted_at=now, errors=0,
        )  # fmt: skip

    def send_again(self, owner: str, job_id: str, form_token: str, now: float) -> Job | None:
        """Asks anew for what an unknown job asked for, after a person accepted a double charge.

        The decision is kept with who and when; the unknown job stays as it is. The same
        `form_token` again returns the first one. Raises LimitReached.
        """
        query = sa.select(*COLUMNS).where(jobs.c.id == job_id, *_visible_to(owner))
        with self._database.write() as connection:
            lock_changes(connection)
            if (known := self._known(connection, owner, form_token)) is not None:
                return known
            row = connection.execute(query).mappings().first()
            if row is None or row["state"] != State.UNKNOWN or not row["prompt"]:
                return None
            again = NewJob(**{field.name: row[field.name] for field in fields(NewJob)})
            _note(connection, now, owner, "send again", job_id)
            return self._insert(connection, again, form_token, now)

    def ask_for_models(self, now: float) -> None:
        """Lets the worker ask the gateway again which models it lists."""
        with self._database.write() as connection:
            connection.execute(
                sa.update(gateways)
                .where(gateways.c.name == self.gateway)
                .values(next_models_at=now)
            )

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


def job_of(row: RowMapping) -> Job:
    """The row as a Job."""
    values = {column.name: row[column.name] for column in COLUMNS}
    return Job(**{**values, "state": State(values["state"])})


def _visible_to(owner: str) -> tuple[sa.ColumnElement[bool], ...]:
    return jobs.c.owner == owner, jobs.c.deleted_at.is_(None)


def _note(
    connection: Connection, at: float, who: str, what: str, job: str, detail: str | None = None
) -> None:
    row = {"at": at, "who": who, "what": what, "job": job, "detail": detail}
    connection.execute(sa.insert(decisions).values(row))
