"""What stands between the list and one gateway: rate, pause, the key's health, its models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from jobs.database import Database, lock_changes, next_change
from jobs.tables import gateways

CHECK_INTERVAL: Final = 60.0
"""Seconds between two checks of a refused key."""

MODELS_INTERVAL: Final = 600.0
"""Seconds between two looks at which models the gateway lists."""


class Gate:
    """One gateway's row, shared by all processes that work with it."""

    def __init__(self, database: Database, gateway: str) -> None:
        self._database = database
        self._gateway = gateway
        with database.write() as connection:
            lock_changes(connection)
            known = sa.select(gateways.c.name).where(gateways.c.name == gateway)
            if connection.execute(known).first() is None:
                connection.execute(sa.insert(gateways).values(name=gateway))

    def slow_down(self, until: float) -> None:
        """Holds all submissions back until `until`, or longer where that was asked before."""
        slower = [gateways.c.name == self._gateway, gateways.c.next_submit_at < until]
        with self._database.write() as connection:
            connection.execute(sa.update(gateways).where(*slower).values(next_submit_at=until))

    # -- the key

    def pause(self, kind: str, detail: str, now: float) -> None:
        """Holds back submissions until the key is checked or a person resumes.

        A pause that stands already stays as it is: its check must not be put off for ever, and no
        check of the key may end a pause for want of money.
        """
        running = [gateways.c.name == self._gateway, gateways.c.paused_kind.is_(None)]
        with self._database.write() as connection:
            query = sa.select(gateways.c.name).where(*running).with_for_update()
            if connection.execute(query).first() is not None:
                self._update_gateway(
                    connection, paused_kind=kind, paused_detail=detail, paused_at=now,
                    next_check_at=now + CHECK_INTERVAL, version=next_change(connection),
                )  # fmt: skip

    def claim_key_check(self, now: float) -> bool:
        """True for the one process that should check a refused key now."""
        refused = [
            gateways.c.name == self._gateway,
            gateways.c.paused_kind == "auth_error",
            gateways.c.next_check_at <= now,
        ]
        with self._database.read() as connection:
            if connection.execute(sa.select(gateways.c.name).where(*refused)).first() is None:
                return False
        with self._database.write() as connection:
            claimed = connection.execute(
                sa.update(gateways).where(*refused).values(next_check_at=now + CHECK_INTERVAL)
            )
        return claimed.rowcount == 1

    def resume(self) -> None:
        """Lets submissions go on after a check of the key has passed."""
        refused = [gateways.c.name == self._gateway, gateways.c.paused_kind == "auth_error"]
        with self._database.write() as connection:
            connection.execute(
                sa.update(gateways)
                .where(*refused)
                .values(
                    paused_kind=None, paused_detail=None, paused_at=None,
                    version=next_change(connection),
                )
            )  # fmt: skip

    # -- its models

    def claim_models_check(self, now: float) -> bool:
        """True for the one process that should ask now which models the gateway lists."""
        due = [gateways.c.name == self._gateway, gateways.c.next_models_at <= now]
        with self._database.read() as connection:
            if connection.execute(sa.select(gateways.c.name).where(*due)).first() is None:
                return False
        with self._database.write() as connection:
            claimed = connection.execute(
                sa.update(gateways).where(*due).values(next_models_at=now + MODELS_INTERVAL)
            )
        return claimed.rowcount == 1

    def models_unheard(self, now: float) -> None:
        """Books the next look at the models soon, where this one brought no answer."""
        with self._database.write() as connection:
            self._update_gateway(connection, next_models_at=now + CHECK_INTERVAL)

    def listed(self, models: Sequence[str]) -> None:
        """Keeps what the gateway lists; screens hear of it only where it is news."""
        words = json.dumps(list(models))
        news = [
            gateways.c.name == self._gateway,
            sa.func.coalesce(gateways.c.models, "") != words,
        ]
        with self._database.write() as connection:
            connection.execute(
                sa.update(gateways)
                .where(*news)
                .values(models=words, version=next_change(connection))
            )

    def _update_gateway(self, connection: sa.Connection, **values: Any) -> None:
        connection.execute(
            sa.update(gateways).where(gateways.c.name == self._gateway).values(**values)
        )
