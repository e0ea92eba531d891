"""Accounts: those of secrets.toml, those of a rehearsal's samples, and those in the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from jobs.database import Database
from jobs.tables import accounts
from people import passwords
from people.credentials import (
    Account,
    AccountError,
    Credential,
    check_name,
    is_name,
    normal_name,
    parse,
    parse_roles,
)

__all__ = ["Account", "AccountError", "Accounts"]

_LONGEST_FIELD: Final = 200


class Accounts:
    """Everybody who may sign in. A name in secrets.toml hides the same name in the database."""

    def __init__(
        self,
        database: Database,
        credentials: Mapping[str, Any],
        samples: Mapping[str, Any] | None = None,
    ) -> None:
        """`credentials` is the table of that name in secrets.toml; `samples` has its format.

        Raises AccountError.
        """
        self._database = database
        secrets = parse(credentials)
        self._fixed = {**parse(samples or {}), **secrets}
        self._samples = self._fixed.keys() - secrets.keys()

    # -- reading

    def find(self, username: str) -> Account | None:
        """The account of that name, however it is capitalised."""
        credential = self._credential(normal_name(username))
        return credential.account if credential else None

    def verify(self, username: str, password: str) -> Account | None:
        """The account if the password is its own; else None, in the same time for unknown names."""
        credential = self._credential(normal_name(username))
        same = passwords.matches(
            password, credential.password_hash if credential else passwords.UNKNOWN
        )
        return credential.account if credential and same else None

    def password_mark(self, username: str) -> str | None:
        """A short digest that changes with the password; None for unknown names."""
        credential = self._credential(normal_name(username))
        return passwords.mark(credential.password_hash) if credential else None

    def any(self) -> bool:
        """Whether anybody can sign in."""
        if self._fixed:
            return True
        with self._database.read() as connection:
            return connection.execute(sa.select(accounts.c.username).limit(1)).first() is not None

    def names(self) -> tuple[str, ...]:
        """All user names in alphabetical order."""
        with self._database.read() as connection:
            stored = connection.execute(sa.select(accounts.c.username)).scalars().all()
        return tuple(sorted({*self._fixed, *stored}))

    def place(self, username: str) -> Literal["secrets.toml", "sample", "database"]:
        """Where the account of that name is kept, and thus changed."""
        name = normal_name(username)
        if name in self._samples:
            return "sample"
        return "secrets.toml" if name in self._fixed else "database"

    def resolve(self, username: str, stored: RowMapping) -> Credential | None:
        """The credential of a normal name, given its row in the database (nulls: none there).

        For queries that join the accounts' table themselves.
        """
        if (fixed := self._fixed.get(username)) is not None:
            return fixed
        return _credential_of(stored) if stored["password"] is not None else None

    # -- changing

    def check_new(self, username: str) -> str:
        """The normal form of a name that is still free. Raises AccountError."""
        name = check_name(username)
        if self._credential(name) is not None:
            raise AccountError(f"The user name {name} is taken.")
        return name

    def add(
        self,
        username: str,
        password: str,
        email: str = "",
        first_name: str = "",
        last_name: str = "",
        roles: Iterable[str] | str = (),
        *,
        now: float,
    ) -> Account:
        """Writes an account to the database; without roles it is a producer.

        Raises AccountError: a name that is taken or not allowed, a password that is too short or
        too long, a role that does not exist.
        """
        account = Account(
            username=self.check_new(username),
            email=_field("email address", email),
            first_name=_field("first name", first_name),
            last_name=_field("last name", last_name),
            roles=parse_roles(roles),
        )
        row = {
            "username": account.username,
            "password": _hash(password),
            "email": account.email,
            "first_name": account.first_name,
            "last_name": account.last_name,
            "roles": ",".join(sorted(account.roles)),
            "created_at": now,
        }
        try:
            with self._database.write() as connection:
                connection.execute(sa.insert(accounts).values(row))
        except sa.exc.IntegrityError:  # somebody was quicker
            raise AccountError(f"The user name {account.username} is taken.") from None
        return account

    def check_changeable(self, username: str) -> str:
        """The normal form of a name whose account the database keeps. Raises AccountError."""
        name = normal_name(username)
        if name in self._samples:
            raise AccountError(f"{name} is a sample account: its password stays as it is.")
        if name in self._fixed:
            raise AccountError(f"{name} stands in secrets.toml: change the password's hash there.")
        if self._credential(name) is None:
            raise AccountError("There is no account of that name.")
        return name

    def set_password(self, username: str, password: str) -> None:
        """Changes a password, which ends the person's sessions. Raises AccountError."""
        name = self.check_changeable(username)
        change = (
            sa.update(accounts).where(accounts.c.username == name).values(password=_hash(password))
        )
        with self._database.write() as connection:
            connection.execute(change)

    def _credential(self, name: str) -> Credential | None:
        if (fixed := self._fixed.get(name)) is not None:
            return fixed
        if not is_name(name):
            return None
        query = sa.select(accounts).where(accounts.c.username == name)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return _credential_of(row) if row is not None else None


def _credential_of(row: RowMapping) -> Credential:
    account = Account(
        username=row["username"],
        email=row["email"] or "",
        first_name=row["first_name"] or "",
        last_name=row["last_name"] or "",
        roles=frozenset(filter(None, row["roles"].split(","))),
    )
    return Credential(account, row["password"])


def _field(name: str, value: str) -> str:
    text = value.strip()
    if len(text) > _LONGEST_FIELD or not text.isprintable():
        raise AccountError(
            f"The {name} may have at most {_LONGEST_FIELD} characters, all of them printable."
        )
    return text


def _hash(password: str) -> str:
    try:
        return passwords.make_hash(password)
    except passwords.PasswordError as error:
        raise AccountError(str(error)) from None
