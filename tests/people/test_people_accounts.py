"""Accounts from secrets.toml and from the database."""

from __future__ import annotations

from typing import Any

import bcrypt
import pytest

from jobs.database import Database
from people import passwords, samples
from people.accounts import AccountError, Accounts
from people.credentials import parse

PASSWORD = "engine-of-1843"


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes that bcrypt was asked about, in order."""
    seen: list[str] = []
    check = passwords.Hasher.check_pw

    def counted(password: str, password_hash: str) -> bool:
        seen.append(password_hash)
        return bool(check(password, password_hash))

    monkeypatch.setattr("people.passwords.Hasher.check_pw", counted)
    return seen


def test_finds_and_verifies_whatever_the_capitals(accounts: Accounts) -> None:
    account = accounts.find("  aDa ")
    assert account is not None
    assert (account.username, account.display_name) == ("ada", "Ada Lovelace")
    assert account.roles == {"producer", "admin"}
    assert accounts.verify("ADA", PASSWORD) == account
    assert accounts.verify("ada", PASSWORD + "!") is None


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ada", "wrong-password"),
        ("ada", "x" * 73),
        ("ada", "\ud800"),
        ("nobody", "wrong-password"),
        ("nobody", "x" * 5000),
        ("no such name!\x00", PASSWORD),
        ("", ""),
    ],
)
def test_every_refusal_costs_one_check(
    accounts: Accounts, checks: list[str], name: str, password: str
) -> None:
    assert accounts.verify(name, password) is None
    assert len(checks) == 1


def test_a_success_costs_one_check_too(accounts: Accounts, checks: list[str]) -> None:
    assert accounts.verify("ada", PASSWORD)
    assert len(checks) == 1


def test_the_stand_in_for_unknown_people_costs_what_a_new_hash_costs() -> None:
    made = passwords.make_hash(PASSWORD)
    assert passwords.is_hash(passwords.UNKNOWN)
    assert made[:7] == passwords.UNKNOWN[:7]
    assert passwords.matches(PASSWORD, made)


def test_passwords_of_exactly_72_bytes_work(cheap_hashes: None) -> None:
    longest = "影" * 24
    assert passwords.matches(longest, passwords.make_hash(longest))
    with pytest.raises(passwords.PasswordError, match="at most 72 bytes"):
        passwords.make_hash(longest + "x")


@pytest.mark.parametrize("password", ["x" * 73, "\ud800"])
def test_what_cannot_be_hashed_matches_not_even_the_empty_password(password: str) -> None:
    empty = bcrypt.hashpw(b"", bcrypt.gensalt(4)).decode()
    assert not passwords.matches(password, empty)


def test_added_accounts_are_stored_as_a_hash(
    accounts: Accounts, cheap_hashes: None, now: float
) -> None:
    added = accounts.add(" Lin.W ", "storyboard", "lin@example.org", "小林", now=now)
    assert (added.username, added.display_name, added.roles) == ("lin.w", "小林", {"producer"})
    assert accounts.find("LIN.W") == added
    assert accounts.verify("lin.w", "storyboard") == added
    assert accounts.names() == ("ada", "lin.w")


@pytest.mark.parametrize(
    ("name", "password", "sentence"),
    [
        ("Ada", PASSWORD, "taken"),
        ("lin", PASSWORD, "taken"),
        ("a b", PASSWORD, "User names have"),
        ("", PASSWORD, "User names have"),
        ("é", PASSWORD, "User names have"),
        ("a" * 65, PASSWORD, "User names have"),
        ("new", "1234567", "at least 8"),
        ("new", "x" * 73, "at most 72 bytes"),
    ],
)
def test_refuses_to_add(
    accounts: Accounts, cheap_hashes: None, now: float, name: str, password: str, sentence: str
) -> None:
    accounts.add("lin", "storyboard", now=now)
    with pytest.raises(AccountError, match=sentence) as refusal:
        accounts.add(name, password, now=now)
    assert password not in str(refusal.value)
    assert accounts.names() == ("ada", "lin")


def test_refuses_unknown_roles_and_unprintable_names(accounts: Accounts, now: float) -> None:
    with pytest.raises(AccountError, match="no role 'boss'"):
        accounts.add("new", PASSWORD, roles=["boss"], now=now)
    with pytest.raises(AccountError, match="first name"):
        accounts.add("new", PASSWORD, first_name="A\x1b[31m", now=now)


def test_a_new_password_replaces_the_old_one(
    accounts: Accounts, cheap_hashes: None, now: float
) -> None:
    accounts.add("lin", "storyboard", now=now)
    before = accounts.password_mark("lin")
    accounts.set_password("Lin", "shot-list-7")
    assert accounts.verify("lin", "storyboard") is None
    assert accounts.verify("lin", "shot-list-7")
    assert accounts.password_mark("lin") not in {None, before}


def test_passwords_in_secrets_are_changed_there(accounts: Accounts) -> None:
    with pytest.raises(AccountError, match=r"secrets\.toml"):
        accounts.set_password("ada", "shot-list-7")
    with pytest.raises(AccountError, match="no account"):
        accounts.set_password("nobody", "shot-list-7")


def test_secrets_hide_the_database(
    database: Database, credentials: dict[str, Any], cheap_hashes: None, now: float
) -> None:
    Accounts(database, {}).add("ada", "storyboard", first_name="Other", now=now)
    accounts = Accounts(database, credentials)
    assert accounts.verify("ada", "storyboard") is None
    assert accounts.verify("ada", PASSWORD)
    assert accounts.names() == ("ada",)


def test_nobody_is_there_at_first(database: Database, cheap_hashes: None, now: float) -> None:
    accounts = Accounts(database, {})
    assert not accounts.any()
    accounts.add("lin", "storyboard", now=now)
    assert accounts.any()
    assert Accounts(database, {}, samples.CREDENTIALS).any()


@pytest.mark.parametrize("written", ["hunter2-hunter2", "", 12345678, None, "$2b$31$" + "a" * 53])
def test_plain_passwords_in_secrets_are_refused_and_never_shown(
    written: object,
) -> None:
    with pytest.raises(AccountError, match=r"usernames\.Bob.*make user") as refusal:
        parse({"usernames": {"Bob": {"password": written}}})
    assert not written or str(written) not in str(refusal.value)


@pytest.mark.parametrize(
    ("users", "sentence"),
    [
        ({"a b": {}}, "user names have"),
        ({"ada": {}}, "needs a password"),
        ({"ada": {"l": {"password": "x"}}}, "in quotes"),
        ({"ada": {"password": samples.CREDENTIALS["usernames"]["demo"]["password"], "roles": ["editor"]}}, "no role 'editor'"),
        ("ada", "must be a table"),
    ],
)  # fmt: skip
def test_malformed_secrets_are_explained(users: Any, sentence: str) -> None:
    with pytest.raises(AccountError, match=sentence):
        parse({"usernames": users})


def test_one_name_in_two_spellings_is_refused(credentials: dict[str, Any]) -> None:
    users = credentials["usernames"]
    with pytest.raises(AccountError, match="twice"):
        parse({"usernames": {**users, "ADA": users["Ada"]}})


def test_reads_the_older_format(ada_hash: str) -> None:
    fields = {"name": "Ada King Lovelace", "password": ada_hash, "roles": "viewer, Admin"}
    account = parse({"usernames": {"ada": fields}})["ada"].account
    assert (account.first_name, account.last_name) == ("Ada", "King Lovelace")
    assert account.roles == {"viewer", "admin"}


def test_samples_sign_in_with_the_passwords_shown() -> None:
    known = parse(samples.CREDENTIALS)
    assert next(iter(samples.PASSWORDS.items())) == ("demo", "demo")
    for name, password in samples.PASSWORDS.items():
        assert passwords.matches(password, known[name].password_hash)
