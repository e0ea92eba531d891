"""Signing in with a name and a password: one function, one answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from people.accounts import Account, Accounts
from people.sessions import Sessions
from people.throttle import Throttle


@dataclass(frozen=True, slots=True, repr=False)
class SignedIn:
    """The password was right; the ticket opens the session, once and within 30 seconds."""

    ticket: str
    account: Account


@dataclass(frozen=True, slots=True)
class Refused:
    """Nobody was signed in. "wrong" never tells whether the name or the password was."""

    reason: Literal["blank", "wrong", "wait"]
    wait_seconds: int = 0


def sign_in(
    accounts: Accounts,
    throttle: Throttle,
    sessions: Sessions,
    username: str,
    password: str,
    address: str,
    now: float,
) -> SignedIn | Refused:
    """Checks a password from `address`; the throttle counts the try before that."""
    if not username.strip() or not password:
        return Refused("blank")
    verdict = throttle.begin(username, address, now)
    if not verdict.allowed:
        return Refused("wait", verdict.wait_seconds)
    account = accounts.verify(username, password)
    if account is None:
        return Refused("wrong")
    throttle.succeeded(username, address)
    return SignedIn(sessions.issue_ticket(account.username, now), account)
