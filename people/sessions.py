"""Sessions: how a person is known again after signing in, until they sign out.

    form ─▶ issue_ticket ─▶ claim_ticket (a route: sets the cookie) ─▶ resume (every run)
                                  └─ receipt ─▶ redeem_receipt, where the cookie never arrives

Tickets, receipts and tokens are random and stored as SHA-256 only.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping
from sqlalchemy.sql.dml import ReturningUpdate

from jobs.database import Database
from jobs.tables import accounts, attempts, sessions, tickets
from people import passwords
from people.accounts import Account, Accounts
from people.credentials import normal_name

TICKET_SECONDS: Final = 30.0
"""How long a ticket can be claimed, and after that its receipt be redeemed."""

KEPT_SECONDS: Final = 7 * 24 * 3600.0
"""How long ended sessions stay for whoever asks who was signed in."""


@dataclass(frozen=True, slots=True)
class Session:
    """One person's sign-in in one browser; `cookieless`: in one tab."""

    id: str
    username: str
    expires_at: float
    cookieless: bool
    account: Account


@dataclass(frozen=True, slots=True, repr=False)
class Claimed:
    """What a ticket bought: the cookie's token, the session, and the fallback's receipt."""

    token: str
    receipt: str
    session: Session


class Redeemed(NamedTuple):
    """What a receipt bought: a token for the tab to hold, and its session."""

    token: str
    session: Session

    def __repr__(self) -> str:
        return f"Redeemed({self.session!r})"


class Sessions:
    """Who is signed in. A session ends by time, sign-out, a new password or a removed account."""

    def __init__(self, database: Database, accounts: Accounts, lifetime_seconds: float) -> None:
        self._database = database
        self._accounts = accounts
        self._lifetime = lifetime_seconds

    # -- signing in

    def issue_ticket(self, username: str, now: float) -> str:
        """A ticket for somebody whose password was right: good once, within 30 seconds.

        Raises LookupError where the account is gone.
        """
        mark = self._accounts.password_mark(username)
        if mark is None:
            raise LookupError("there is no such account")
        ticket = secrets.token_urlsafe(32)
        row = {
            "ticket_sha256": _digest(ticket),
            "username": normal_name(username),
            "password_mark": mark,
            "expires_at": now + TICKET_SECONDS,
        }
        with self._database.write() as connection:
            connection.execute(sa.insert(tickets).values(row))
        return ticket

    def claim_ticket(self, ticket: str, now: float) -> Claimed | None:
        """Opens the session of a ticket; None if it is unknown, too old or was claimed before."""
        session_id, receipt = _new_id(), secrets.token_urlsafe(32)
        claim = (
            sa.update(tickets)
            .where(
                tickets.c.ticket_sha256 == _digest(ticket),
                tickets.c.session_id.is_(None),
                tickets.c.expires_at > now,
            )
            .values(
                session_id=session_id,
                receipt_sha256=_digest(receipt),
                expires_at=now + TICKET_SECONDS,
            )
            .returning(tickets.c.username, tickets.c.password_mark)
        )
        with self._database.write() as connection:
            row = connection.execute(claim).mappings().first()
            if row is None:
                return None
            opened = {
                "id": session_id,
                "sign_in": session_id,
                "username": row["username"],
                "password_mark": row["password_mark"],
                "created_at": now,
                "expires_at": now + self._lifetime,
                "cookieless": False,
            }
            token = _insert(connection, opened)
            session = self._valid(connection, sessions.c.id == session_id, now)
        return Claimed(token, receipt, session) if session else None

    def redeem_receipt(self, receipt: str, now: float) -> Redeemed | None:
        """A second session of the same sign-in, for a tab whose host drops cookies.

        Good once, within 30 seconds of the claim. The cookie's session stays as it is: requests
        beside the live connection may still carry it.
        """
        with self._database.write() as connection:
            spent = _spend(receipt).where(tickets.c.expires_at > now)
            first_id = connection.execute(spent).scalar()
            if first_id is None or not self._valid(connection, sessions.c.id == first_id, now):
                return None
            first = connection.execute(sa.select(sessions).where(sessions.c.id == first_id))
            copied = {**first.mappings().one(), "id": _new_id(), "cookieless": True}
            token = _insert(connection, {**copied, "created_at": now})
            session = self._valid(connection, sessions.c.id == copied["id"], now)
        return Redeemed(token, session) if session else None

    def spend_receipt(self, receipt: str) -> None:
        """Makes a receipt worthless, once the cookie has arrived."""
        with self._database.write() as connection:
            connection.execute(_spend(receipt))

    # -- being known again

    def resume(self, token: str, now: float) -> Session | None:
        """The session of a token, while it lasts. One query."""
        with self._database.read() as connection:
            return self._valid(connection, sessions.c.token_sha256 == _digest(token), now)

    def get(self, session_id: str, now: float) -> Session | None:
        """The session of that id, while it lasts. One query."""
        with self._database.read() as connection:
            return self._valid(connection, sessions.c.id == session_id, now)

    # -- signing out

    def revoke(self, session_id: str, now: float) -> None:
        """Ends a session, and with it the other session of the same sign-in."""
        sign_in = sa.select(sessions.c.sign_in).where(sessions.c.id == session_id)
        with self._database.write() as connection:
            _end(connection, sessions.c.sign_in == sign_in.scalar_subquery(), now)

    def revoke_all(self, username: str, now: float) -> None:
        """Ends every session of a person, and the tickets that would open one."""
        name = normal_name(username)
        with self._database.write() as connection:
            connection.execute(sa.delete(tickets).where(tickets.c.username == name))
            _end(connection, sessions.c.username == name, now)

    def tidy(self, now: float) -> int:
        """Deletes what ended long ago, with old sign-in attempts, and returns how many rows."""
        ended = now - KEPT_SECONDS
        old = (
            sa.delete(sessions).where(
                sa.or_(sessions.c.expires_at < ended, sessions.c.revoked_at < ended)
            ),
            sa.delete(tickets).where(tickets.c.expires_at < ended),
            sa.delete(attempts).where(attempts.c.at < ended),
        )
        with self._database.write() as connection:
            return sum(connection.execute(statement).rowcount for statement in old)

    def _valid(
        self, connection: Connection, which: sa.ColumnElement[bool], now: float
    ) -> Session | None:
        query = (
            sa.select(
                sessions.c.id,
                sessions.c.username.label("signed_in"),
                sessions.c.password_mark,
                sessions.c.expires_at,
                sessions.c.cookieless,
                *accounts.c,
            )
            .select_from(
                sessions.outerjoin(accounts, accounts.c.username == sessions.c.username),
            )
            .where(which, sessions.c.revoked_at.is_(None), sessions.c.expires_at > now)
        )
        row = connection.execute(query).mappings().first()
        return self._session_of(row) if row is not None else None

    def _session_of(self, row: RowMapping) -> Session | None:
        credential = self._accounts.resolve(row["signed_in"], row)
        if credential is None or passwords.mark(credential.password_hash) != row["password_mark"]:
            return None
        return Session(
            id=row["id"],
            username=row["signed_in"],
            expires_at=row["expires_at"],
            cookieless=row["cookieless"],
            account=credential.account,
        )


def _insert(connection: Connection, row: dict[str, object]) -> str:
    """Writes a session with a fresh token, which it returns."""
    token = secrets.token_urlsafe(32)
    connection.execute(sa.insert(sessions).values({**row, "token_sha256": _digest(token)}))
    return token


def _spend(receipt: str) -> ReturningUpdate[tuple[str | None]]:
    return (
        sa.update(tickets)
        .where(tickets.c.receipt_sha256 == _digest(receipt))
        .values(receipt_sha256=None)
        .returning(tickets.c.session_id)
    )


def _end(connection: Connection, which: sa.ColumnElement[bool], now: float) -> None:
    connection.execute(
        sa.update(sessions).where(which, sessions.c.revoked_at.is_(None)).values(revoked_at=now)
    )


def _new_id() -> str:
    return secrets.token_hex(16)


def _digest(secret: str) -> str:
    """How a secret is stored and looked up; any text that a request may bring has one."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
