"""The `[credentials]` of secrets.toml, in streamlit-authenticator's format, checked and parsed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from people import passwords

ROLES: Final = ("producer", "viewer", "admin")
DEFAULT_ROLE: Final = "producer"

_NAME: Final = re.compile(r"[a-z0-9._@-]{1,64}")
_NAME_RULE: Final = "user names have 1 to 64 of the characters a-z 0-9 . _ @ - and nothing else."


class AccountError(ValueError):
    """An account that cannot be read, added or changed: one sentence that says why."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may sign in."""

    username: str
    email: str
    first_name: str
    last_name: str
    roles: frozenset[str]

    @property
    def display_name(self) -> str:
        """First and last name, else the user name."""
        return f"{self.first_name} {self.last_name}".strip() or self.username


@dataclass(frozen=True, slots=True)
class Credential:
    """An account and the hash of its password."""

    account: Account
    password_hash: str


def normal_name(username: str) -> str:
    """The user name as it is stored and compared: `" Ada "` is `"ada"`."""
    return username.strip().lower()


def is_name(username: str) -> bool:
    """Whether a normal name is one an account can have."""
    return _NAME.fullmatch(username) is not None


def parse(credentials: Mapping[str, Any]) -> dict[str, Credential]:
    """The accounts of a `[credentials]` table by user name.

    Raises AccountError, which names the user and the cure and never shows a password.
    """
    users = credentials.get("usernames") or {}
    if not isinstance(users, Mapping):
        raise AccountError("credentials.usernames in secrets.toml must be a table of accounts.")
    parsed: dict[str, Credential] = {}
    for written, fields in users.items():
        name = normal_name(str(written))
        where = f"credentials.usernames.{written} in secrets.toml"
        if not is_name(name):
            raise AccountError(f"{where}: {_NAME_RULE}")
        if name in parsed:
            raise AccountError(f"{where}: this user name stands there twice.")
        parsed[name] = _credential(name, fields, where)
    return parsed


def parse_roles(roles: Iterable[str] | str | None) -> frozenset[str]:
    """Roles from a list or from text with commas; none given: the default role.

    Raises AccountError for a role that does not exist.
    """
    words = roles.split(",") if isinstance(roles, str) else [str(role) for role in roles or ()]
    found = frozenset(filter(None, (word.strip().lower() for word in words)))
    if unknown := sorted(found.difference(ROLES)):
        raise AccountError(f"there is no role {unknown[0]!r}; roles are {', '.join(ROLES)}.")
    return found or frozenset({DEFAULT_ROLE})


def check_name(username: str) -> str:
    """The normal form of a new user name. Raises AccountError."""
    name = normal_name(username)
    if not is_name(name):
        raise AccountError(_NAME_RULE.capitalize())
    return name


def _credential(name: str, fields: Any, where: str) -> Credential:
    if not isinstance(fields, Mapping) or "password" not in fields:
        raise AccountError(
            f"{where}: an account needs a password "
            '(write a name with dots in quotes: [credentials.usernames."ada.l"]).'
        )
    password = fields["password"]
    if not isinstance(password, str) or not passwords.is_hash(password):
        raise AccountError(
            f"{where}: the password must be a bcrypt hash, not the password itself; make one with "
            "`python -m people hash`, or remove the entry and add the person with `make user`."
        )
    first, _, last = _text(fields.get("name")).partition(" ")
    try:
        roles = parse_roles(fields.get("roles"))
    except (AccountError, TypeError) as error:
        raise AccountError(f"{where}: {error}") from None
    account = Account(
        username=name,
        email=_text(fields.get("email")),
        first_name=_text(fields.get("first_name", first)),
        last_name=_text(fields.get("last_name", last)),
        roles=roles,
    )
    return Credential(account, password)


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
