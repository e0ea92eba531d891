"""The worker's side of the list: claims, and what became of each call.

    queued → submitting → pending → ready → done      the ends: moderated failed expired
                                                       unknown cancelled

A claim is one transaction that takes a job, raises its fence and is committed **before** anything
goes over the network. What is written afterwards carries that fence, so a process that slept past
its lease cannot overwrite what another has done since. One thing is written unfenced: a request id
once it is in hand, because losing it would lose a paid clip.

A submission whose outcome is not known becomes `unknown` and is never repeated by the machine.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from jobs.database import next_change
from jobs.gate import Gate
from jobs.job import GIVE_UP_AFTER, LIVE, OVERDUE_AFTER, Job, State
from jobs.store import COLUMNS, job_of
from jobs.tables import decisions, gateways, jobs

log = logging.getLogger(__name__)

SUBMIT_LEASE: Final = 120.0
"""Seconds a process may take from claiming a submission to writing its outcome."""

DOWNLOAD_LEASE: Final = 60.0
"""Seconds after which a download whose process died is taken up; a live worker renews it."""


class Claims(Gate):
    """What the workers of one gateway do with its jobs; any number of processes at a time."""

    # -- claiming

    def due(self, now: float) -> frozenset[State]:
        """States in which some job wants attention now: one cheap read for an idle loop."""
        wanted = sa.or_(
            sa.and_(
                jobs.c.state.in_([State.QUEUED, State.PENDING, State.READY]), jobs.c.next_at <= now
            ),
            sa.and_(jobs.c.state == State.SUBMITTING, jobs.c.lease_until < now),
        )
        query = sa.select(jobs.c.state).where(jobs.c.gateway == self._gateway, wanted).distinct()
        with self._database.read() as connection:
            return frozenset(State(state) for state in connection.execute(query).scalars())

    def claim_submission(self, now: float, cap: int, per_second: float) -> Job | None:
        """Takes the next queued job for sending, if pause, rate and cap allow one.

        People take turns: next comes whoever was served longest ago, then first come first served.
        """
        with self._database.write() as connection:
            gateway = connection.execute(
                sa.select(gateways.c.next_submit_at, gateways.c.paused_kind)
                .where(gateways.c.name == self._gateway)
                .with_for_update()
            ).one()
            if gateway.paused_kind is not None or gateway.next_submit_at > now:
                return None
            if connection.execute(self._in_flight(now)).scalar_one() >= cap:
                return None
            chosen = connection.execute(self._next_in_turn(now)).scalar()
            if chosen is None:
                return None
            taken = connection.execute(
                sa.update(jobs)
                # Taken back since it was chosen: PostgreSQL lets that happen in between.
                .where(jobs.c.id == chosen, jobs.c.state == State.QUEUED)
                .values(
                    state=State.SUBMITTING, started_at=now, lease_until=now + SUBMIT_LEASE,
                    fence=jobs.c.fence + 1, attempts=jobs.c.attempts + 1,
                    version=next_change(connection),
                )
                .returning(*COLUMNS)
            )  # fmt: skip
            row = taken.mappings().first()
            if row is None:
                return None
            self._update_gateway(connection, next_submit_at=now + 1 / per_second)
            return job_of(row)

    def _in_flight(self, now: float) -> sa.Select[int]:
        mine = jobs.c.gateway == self._gateway
        pending = sa.and_(
            jobs.c.state == State.PENDING,
            jobs.c.submitted_at > now - OVERDUE_AFTER,
            jobs.c.attempts > 0,  # a mistyped request id must not hold up what is asked for here
        )
        return sa.select(sa.func.count()).where(
            mine, sa.or_(jobs.c.state == State.SUBMITTING, pending)
        )

    def _next_in_turn(self, now: float) -> sa.Select[str]:
        waiting, served = jobs.alias("waiting"), jobs.alias("served")
        last_served = (
            sa.select(sa.func.coalesce(sa.func.max(served.c.started_at), 0.0))
            .where(served.c.gateway == self._gateway, served.c.owner == waiting.c.owner)
            .scalar_subquery()
        )
        return (
            sa.select(waiting.c.id)
            .where(
                waiting.c.gateway == self._gateway,
                waiting.c.state == State.QUEUED,
                waiting.c.next_at <= now,
            )
            .order_by(last_served, waiting.c.created_at, waiting.c.id)
            .limit(1)
        )

    def claim_polls(self, now: float, interval: float, limit: int) -> Sequence[Job]:
        """Takes pending jobs whose time has come; the claim itself books their next poll."""
        overdue = jobs.c.submitted_at <= now - OVERDUE_AFTER
        return self._claim(
            State.PENDING, now, limit,
            next_at=sa.case((overdue, now + 60.0), else_=now + interval),
        )  # fmt: skip

    def claim_downloads(self, now: float, limit: int) -> Sequence[Job]:
        """Takes finished videos that are not kept yet; a lost lease makes them due again."""
        return self._claim(State.READY, now, limit, next_at=now + DOWNLOAD_LEASE)

    def _claim(self, state: State, now: float, limit: int, **values: Any) -> Sequence[Job]:
        # Of finished videos the one whose address ends first comes first.
        first = sa.func.coalesce(jobs.c.link_until, 0.0) if state is State.READY else jobs.c.next_at
        due = (
            sa.select(jobs.c.id)
            .where(jobs.c.gateway == self._gateway, jobs.c.state == state, jobs.c.next_at <= now)
            .order_by(first, jobs.c.next_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        claim = (
            sa.update(jobs)
            .where(jobs.c.id.in_(due))
            .values(fence=jobs.c.fence + 1, **values)
            .returning(*COLUMNS)
        )
        with self._database.write() as connection:
            return [job_of(row) for row in connection.execute(claim).mappings()]

    # -- a submission's outcome

    def may_send(self, job: Job, now: float, seconds: float) -> bool:
        """The last look before the POST: still ours, and the lease covers a call of `seconds`."""
        query = sa.select(jobs.c.lease_until).where(
            jobs.c.id == job.id, jobs.c.fence == job.fence, jobs.c.state == State.SUBMITTING
        )
        with self._database.read() as connection:
            lease_until = connection.execute(query).scalar()
        return lease_until is not None and lease_until - now > seconds

    def accepted(self, job_id: str, request_id: str, now: float, first_poll: float) -> bool:
        """Keeps a request id. Not fenced: a submission that was given up comes to life again.

        True where the job is asked after from now on. Where it cannot be (a person has deleted it,
        or has given it another id), the id is kept among the decisions. Writing the same id again
        changes nothing.
        """
        return self._keep(
            job_id, request_id, now,
            state=State.PENDING, kind="pending", reason=None, detail=None, next_at=first_poll,
        )  # fmt: skip

    def delivered(self, job: Job, now: float, request_id: str | None, **found: Any) -> bool:
        """Keeps a video that came with the answer to the submission; not fenced either."""
        return self._keep(
            job.id, request_id, now,
            state=State.READY, kind="done", reason=None, detail=None, next_at=now, **found,
        )  # fmt: skip

    def _keep(self, job_id: str, request_id: str | None, now: float, **values: Any) -> bool:
        open_to_it = [
            jobs.c.id == job_id,
            jobs.c.request_id.is_(None),
            jobs.c.video_url.is_(None),
            jobs.c.state.in_([State.SUBMITTING, State.UNKNOWN]),
            jobs.c.deleted_at.is_(None),
        ]
        with self._database.write() as connection:
            kept = connection.execute(
                sa.update(jobs)
                .where(*open_to_it)
                .values(
                    **values, request_id=request_id, submitted_at=now, ended_at=None,
                    lease_until=None, errors=0, version=next_change(connection),
                )
            )  # fmt: skip
            if kept.rowcount == 1:
                return True
            query = sa.select(jobs.c.request_id).where(jobs.c.id == job_id)
            if request_id is None or connection.execute(query).scalar() == request_id:
                return request_id is not None
            log.warning("job %s: a late request id is kept among the decisions", job_id)
            late = {"what": "late answer", "job": job_id, "detail": request_id}
            known = [decisions.c[name] == value for name, value in late.items()]
            if connection.execute(sa.select(decisions.c.id).where(*known)).first() is None:
                connection.execute(sa.insert(decisions).values(at=now, who="worker", **late))
        return False

    def requeue(self, job: Job, at: float, **why: Any) -> bool:
        """Puts back a job of which nothing was sent; it waits until `at`."""
        return self._update(
            job, [jobs.c.state == State.SUBMITTING],
            state=State.QUEUED, lease_until=None, next_at=at, **why,
        )  # fmt: skip

    def reap(self, now: float) -> int:
        """Turns submissions whose lease ran out into `unknown`; returns how many."""
        lost = [
            jobs.c.gateway == self._gateway,
            jobs.c.state == State.SUBMITTING,
            jobs.c.lease_until < now,
        ]
        with self._database.write() as connection:
            found = connection.execute(
                sa.update(jobs)
                .where(*lost)
                .values(
                    state=State.UNKNOWN, kind="unknown", reason="interrupted", ended_at=now,
                    lease_until=None, fence=jobs.c.fence + 1, version=next_change(connection),
                )
            )  # fmt: skip
        return int(found.rowcount)

    # -- a poll's or a download's outcome

    def end(self, job: Job, state: State, now: float, **why: Any) -> bool:
        """Moves a job to one of the ends, with `kind`, `reason` and `detail`."""
        return self._update(
            job, [jobs.c.state.in_(LIVE)], state=state, ended_at=now, lease_until=None, **why
        )

    def still_pending(self, job: Job, progress: int | None) -> bool:
        """Notes a "still running". Nothing is written where nothing a screen shows has changed."""
        if (progress, 0, None) == (job.progress, job.errors, job.reason):
            return True
        return self._update(
            job, [jobs.c.state == State.PENDING],
            kind="pending", progress=progress, errors=0, reason=None, detail=None,
        )  # fmt: skip

    def ready(self, job: Job, now: float, **found: Any) -> bool:
        """Notes a finished video; its download is due at once."""
        return self._update(
            job, [jobs.c.state == State.PENDING],
            state=State.READY, kind="done", next_at=now, **found,
        )  # fmt: skip

    def later(self, job: Job, at: float, **why: Any) -> bool:
        """Books the next try after a passing trouble, which the card then shows."""
        asked_after = [jobs.c.state.in_([State.PENDING, State.READY])]
        return self._update(job, asked_after, **{"errors": job.errors + 1, "next_at": at, **why})

    def renew(self, job: Job, now: float) -> bool:
        """Keeps a download that is under way from being taken up by another process."""
        ours = [jobs.c.id == job.id, jobs.c.fence == job.fence, jobs.c.state == State.READY]
        with self._database.write() as connection:
            renewed = connection.execute(
                sa.update(jobs).where(*ours).values(next_at=now + DOWNLOAD_LEASE)
            )
        return renewed.rowcount == 1

    # -- writing

    def _update(
        self, job: Job, guard: Sequence[sa.ColumnElement[bool]] = (), **values: Any
    ) -> bool:
        ours = [jobs.c.id == job.id, jobs.c.fence == job.fence, *guard]
        with self._database.write() as connection:
            changed = connection.execute(
                sa.update(jobs).where(*ours).values(**values, version=next_change(connection))
            )
        return changed.rowcount == 1


def should_give_up(job: Job, now: float) -> bool:
    """Whether a job has been asked after for so long that it is no longer worth it."""
    return job.submitted_at is not None and now - job.submitted_at > GIVE_UP_AFTER
