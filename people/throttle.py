"""The throttle: how often a password may be tried."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from jobs.database import Database
from jobs.tables import attempts
from people.addresses import network_of
from people.credentials import is_name, normal_name

WINDOW_SECONDS: Final = 15 * 60.0
TRIES_PER_PERSON: Final = 5
"""Failed tries in a window for one user name from one address."""
TRIES_PER_ADDRESS: Final = 50
"""Failed tries in a window from one address, over all user names."""

_NO_NAME: Final = "?"
"""Counts whatever no account can be called, so that no odd text reaches the database."""
_LOCK: Final = 7_041_984  # any number, the same in every process of this application


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a try may go ahead; if not, after how many seconds the next one may."""

    allowed: bool
    wait_seconds: int = 0


class Throttle:
    """Counts tries before their passwords are checked, so that many at once gain nothing.

    A try stands as failed until `succeeded` forgets it; one that is refused is not counted.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, username: str, address: str, now: float) -> Verdict:
        """Counts a try, or refuses it. One transaction, one at a time for each address."""
        name, network = _key(username, address)
        with self._database.write() as connection:
            if not self._database.is_sqlite:  # SQLite has one writer at a time anyway
                lock = sa.func.pg_advisory_xact_lock(_LOCK, sa.func.hashtext(network))
                connection.execute(sa.select(lock))
            if wait := _wait(connection, name, network, now):
                return Verdict(False, wait)
            row = {"at": now, "username": name, "address": network}
            connection.execute(sa.insert(attempts).values(row))
        return Verdict(True)

    def wait_seconds(self, username: str, address: str, now: float) -> int:
        """Seconds until a try is allowed, without counting one; 0: now."""
        with self._database.read() as connection:
            return _wait(connection, *_key(username, address), now)

    def succeeded(self, username: str, address: str) -> None:
        """Forgets the tries of this person from this address."""
        name, network = _key(username, address)
        with self._database.write() as connection:
            connection.execute(
                sa.delete(attempts).where(
                    attempts.c.address == network, attempts.c.username == name
                )
            )


def _wait(connection: Connection, name: str, network: str, now: float) -> int:
    query = (
        sa.select(attempts.c.at, attempts.c.username)
        .where(attempts.c.address == network, attempts.c.at > now - WINDOW_SECONDS)
        .order_by(attempts.c.at.desc())
        .limit(TRIES_PER_ADDRESS)
    )
    tries = connection.execute(query).all()
    everybody = [at for at, _ in tries]
    person = [at for at, who in tries if who == name]
    # A further try is allowed once the last of the newest N has left the window.
    blocking = [
        newest[limit - 1]
        for newest, limit in ((person, TRIES_PER_PERSON), (everybody, TRIES_PER_ADDRESS))
        if len(newest) >= limit
    ]
    if not blocking:
        return 0
    freed_at = float(max(blocking)) + WINDOW_SECONDS
    return max(1, math.ceil(freed_at - now))


def _key(username: str, address: str) -> tuple[str, str]:
    name = normal_name(username)
    return name if is_name(name) else _NO_NAME, network_of(address)
