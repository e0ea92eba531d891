"""Signing in from end to end, without a screen."""

from __future__ import annotations

from functools import partial

import pytest

from people.accounts import Accounts
from people.sessions import Sessions
from people.sign_in import Refused, SignedIn, sign_in
from people.throttle import Throttle

PASSWORD = "engine-of-1843"
HERE = "192.0.2.1"


@pytest.fixture
def attempt(
    accounts: Accounts, throttle: Throttle, sessions: Sessions, now: float
) -> partial[SignedIn | Refused]:
    return partial(sign_in, accounts, throttle, sessions, address=HERE, now=now)


def test_the_right_password_brings_a_ticket(
    attempt: partial[SignedIn | Refused], sessions: Sessions, now: float
) -> None:
    answer = attempt("Ada", PASSWORD)
    assert isinstance(answer, SignedIn)
    assert answer.account.username == "ada"
    assert answer.ticket not in repr(answer)
    assert sessions.claim_ticket(answer.ticket, now)


@pytest.mark.parametrize(("name", "password"), [("", PASSWORD), ("  ", PASSWORD), ("ada", "")])
def test_blanks_are_not_counted(
    attempt: partial[SignedIn | Refused], throttle: Throttle, now: float, name: str, password: str
) -> None:
    for _ in range(6):
        assert attempt(name, password) == Refused("blank")
    assert throttle.wait_seconds(name, HERE, now) == 0


def test_after_five_wrong_ones_even_the_right_one_waits(
    attempt: partial[SignedIn | Refused], accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        assert attempt("ada", "wrong") == Refused("wrong")
    monkeypatch.setattr("people.passwords.matches", lambda *_: pytest.fail("checked a password"))
    assert attempt("ada", PASSWORD) == Refused("wait", 900)


def test_unknown_names_are_answered_like_known_ones(
    attempt: partial[SignedIn | Refused], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("people.passwords.matches", lambda *_: False)
    answers = {name: [attempt(name, "wrong") for _ in range(7)] for name in ("ada", "nobody")}
    assert answers["ada"] == answers["nobody"]


def test_a_success_starts_the_count_anew(attempt: partial[SignedIn | Refused]) -> None:
    for _ in range(3):
        for _ in range(4):
            assert attempt("ada", "wrong") == Refused("wrong")
        assert isinstance(attempt("ada", PASSWORD), SignedIn)
