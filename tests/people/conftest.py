"""An empty database, on SQLite and on PostgreSQL, and people to sign in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bcrypt
import pytest
import sqlalchemy as sa

from jobs import tables
from jobs.database import Database
from people.accounts import Accounts
from people.sessions import Sessions
from people.throttle import Throttle

NOW = 1_750_000_000.0
ADA_PASSWORD = "engine-of-1843"


@pytest.fixture
def now() -> float:
    return NOW


@pytest.fixture(scope="session")
def postgres(postgres_database: Callable[[], str]) -> Iterator[Database]:
    opened = Database(postgres_database())
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        opened = Database(f"sqlite:///{tmp_path / 'studio.sqlite3'}")
        yield opened
        opened.close()
    else:
        shared: Database = request.getfixturevalue("postgres")
        with shared.write() as connection:
            for table in (tables.accounts, tables.sessions, tables.tickets, tables.attempts):
                connection.execute(sa.delete(table))
        yield shared


@pytest.fixture(scope="session")
def ada_hash() -> str:
    """The cheapest hash there is, so that tests are quick."""
    return bcrypt.hashpw(ADA_PASSWORD.encode(), bcrypt.gensalt(4)).decode()


@pytest.fixture
def credentials(ada_hash: str) -> dict[str, Any]:
    ada = {
        "email": "ada@example.org",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "password": ada_hash,
        "roles": ["producer", "admin"],
    }
    return {"usernames": {"Ada": ada}}


@pytest.fixture
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """New passwords get the cheapest hash."""

    def cheap(password: str) -> str:
        return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()

    monkeypatch.setattr("people.passwords.Hasher.hash", cheap)


@pytest.fixture
def accounts(database: Database, credentials: dict[str, Any]) -> Accounts:
    return Accounts(database, credentials)


@pytest.fixture
def sessions(database: Database, accounts: Accounts) -> Sessions:
    return Sessions(database, accounts, lifetime_seconds=14 * 24 * 3600)


@pytest.fixture
def throttle(database: Database) -> Throttle:
    return Throttle(database)
