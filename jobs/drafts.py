"""What people have typed into a form and not sent, and what else a screen remembers of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from jobs.database import Database, lock_changes
from jobs.tables import drafts


class Drafts:
    """One row a person and form."""

    _database: Database

    def save_draft(self, owner: str, form: str, values: Mapping[str, Any], now: float) -> None:
        """Keeps what a person has typed into a form and not sent."""
        row = {"fields": json.dumps(dict(values)), "saved_at": now}
        with self._database.write() as connection:
            lock_changes(connection)
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
