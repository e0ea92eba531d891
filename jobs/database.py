"""The database: opening, schema, transactions, and the one change number that screens watch."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url

from jobs import tables

log = logging.getLogger(__name__)

_ADVISORY_LOCK = 7_041_983  # any number, the same in every process of this application


class DatabaseUnusable(Exception):
    """The database cannot be opened; the message is one sentence with the cure."""


class Database:
    """One database, SQLite or PostgreSQL, through SQLAlchemy.

    SQLite runs with WAL and `synchronous=FULL`, so a committed row survives a power cut; writers
    begin with `BEGIN IMMEDIATE`, so a claim that reads and then writes cannot be overtaken.
    """

    def __init__(self, url: str) -> None:
        """Opens `url` and makes the tables. Raises DatabaseUnusable."""
        self.is_sqlite = url.startswith("sqlite")
        try:
            if self.is_sqlite:
                _make_parent(url)
            self._engine = _sqlite_engine(url) if self.is_sqlite else _postgres_engine(url)
            self._create()
        except (sa.exc.SQLAlchemyError, ImportError, OSError, ValueError) as error:
            raise DatabaseUnusable(
                f"DATABASE_URL: the database cannot be opened ({_short(error)}). "
                "Check the address, that the server runs and that its folder can be written."
            ) from None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection in a read transaction."""
        with self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A read transaction in which all reads see the same moment."""
        with self.read() as connection:
            if not self.is_sqlite:  # where SQLite knows nothing else
                connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection in a write transaction, committed at the end of the block."""
        with (
            self._engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    def change_number(self) -> int:
        """The number of the last visible change, over all people."""
        with self.read() as connection:
            return int(connection.execute(sa.select(tables.changes.c.number)).scalar_one())

    @property
    def password(self) -> str:
        """The password of the address, blank where there is none; for masking it in logs."""
        return self._engine.url.password or ""

    def clock_ahead(self) -> float:
        """Seconds that the database's clock is ahead of this machine's; SQLite has no other."""
        if self.is_sqlite:
            return 0.0
        with self.read() as connection:
            before = time.time()
            there = connection.execute(sa.select(sa.extract("epoch", sa.func.clock_timestamp())))
            return float(there.scalar_one()) - (before + time.time()) / 2

    def close(self) -> None:
        self._engine.dispose()

    def _create(self) -> None:
        with self.write() as connection:
            if not self.is_sqlite:
                connection.execute(
                    sa.text("SELECT pg_advisory_xact_lock(:n)"), {"n": _ADVISORY_LOCK}
                )
            tables.metadata.create_all(connection)
            found = connection.execute(sa.select(tables.schema_version.c.number)).scalar()
            if found is None:
                connection.execute(sa.insert(tables.schema_version).values(number=tables.SCHEMA))
                connection.execute(sa.insert(tables.changes).values(id=1, number=0))
            elif found > tables.SCHEMA:
                raise DatabaseUnusable(
                    f"The database was written by a newer release (schema {found}, this one knows "
                    f"{tables.SCHEMA}). Start that release, or a newer one."
                )


def next_change(connection: Connection) -> int:
    """Takes the next change number inside the caller's write transaction.

    The row stays locked until that transaction ends, so numbers become visible in order: whoever
    has seen number n has seen every change up to n.
    """
    statement = (
        sa.update(tables.changes)
        .values(number=tables.changes.c.number + 1)
        .returning(tables.changes.c.number)
    )
    return int(connection.execute(statement).scalar_one())


def lock_changes(connection: Connection) -> None:
    """Lets one writer at a time go on from here, so that what it checks stays true.

    Writers on SQLite come one at a time anyway.
    """
    connection.execute(sa.select(tables.changes.c.number).with_for_update())


def _make_parent(url: str) -> None:
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)


def _sqlite_engine(url: str) -> Engine:
    engine = sa.create_engine(url, connect_args={"timeout": 10}, pool_size=20, max_overflow=20)

    @sa.event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's documented way to own BEGIN ourselves
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres_engine(url: str) -> Engine:
    return sa.create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20)


def _short(error: Exception) -> str:
    """The first line of an error, without the URL's password."""
    if isinstance(error, ValueError):  # such as a port that is none; it quotes parts of the URL
        return "the address is not a URL"
    cause = getattr(error, "orig", None) or error
    return str(cause).splitlines()[0][:200]
