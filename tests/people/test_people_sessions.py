"""Tickets, receipts and sessions."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from jobs.database import Database
from jobs.tables import accounts as accounts_table
from jobs.tables import attempts, tickets
from jobs.tables import sessions as sessions_table
from people.accounts import Accounts
from people.sessions import KEPT_SECONDS, Claimed, Sessions

DAY = 24 * 3600.0


def sign_in(sessions: Sessions, now: float, username: str = "ada") -> Claimed:
    claimed = sessions.claim_ticket(sessions.issue_ticket(username, now), now)
    assert claimed is not None
    return claimed


@contextmanager
def queries_of(database: Database) -> Iterator[list[str]]:
    """The statements that `database` runs within the block, without BEGIN and the like."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    sa.event.listen(database._engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(database._engine, "before_cursor_execute", note)


def test_a_ticket_opens_a_session_once(sessions: Sessions, now: float) -> None:
    ticket = sessions.issue_ticket("Ada", now)
    claimed = sessions.claim_ticket(ticket, now)
    assert claimed is not None
    assert claimed.session.username == "ada"
    assert claimed.session.account.display_name == "Ada Lovelace"
    assert claimed.session.expires_at == now + 14 * DAY
    assert not claimed.session.cookieless
    assert sessions.claim_ticket(ticket, now) is None


def test_of_many_claims_at_once_one_wins(sessions: Sessions, now: float) -> None:
    ticket = sessions.issue_ticket("ada", now)
    with ThreadPoolExecutor(8) as threads:
        claims = list(threads.map(lambda _: sessions.claim_ticket(ticket, now), range(8)))
    assert sum(claim is not None for claim in claims) == 1


def test_a_ticket_lasts_thirty_seconds(sessions: Sessions, now: float) -> None:
    first, second = (sessions.issue_ticket("ada", now) for _ in range(2))
    assert sessions.claim_ticket(first, now + 29.9)
    assert sessions.claim_ticket(second, now + 30) is None


@pytest.mark.parametrize("forged", ["", "x", "\ud800", "\x00", "é" * 10_000])
def test_what_was_never_issued_opens_nothing(sessions: Sessions, now: float, forged: str) -> None:
    sign_in(sessions, now)
    assert sessions.claim_ticket(forged, now) is None
    assert sessions.redeem_receipt(forged, now) is None
    assert sessions.resume(forged, now) is None
    sessions.spend_receipt(forged)


def test_no_ticket_for_nobody(sessions: Sessions, now: float) -> None:
    with pytest.raises(LookupError):
        sessions.issue_ticket("nobody", now)


def test_a_token_resumes_until_it_expires_in_one_query(
    database: Database, sessions: Sessions, now: float
) -> None:
    claimed = sign_in(sessions, now)
    with queries_of(database) as queries:
        assert sessions.resume(claimed.token, now) == claimed.session
    assert len(queries) == 1
    assert sessions.get(claimed.session.id, now) == claimed.session
    assert sessions.resume(claimed.token, now + 14 * DAY - 1)
    assert sessions.resume(claimed.token, now + 14 * DAY) is None
    assert sessions.get(claimed.session.id, now + 14 * DAY) is None


def test_secrets_of_different_kinds_do_not_stand_in_for_each_other(
    sessions: Sessions, now: float
) -> None:
    claimed = sign_in(sessions, now)
    assert sessions.resume(claimed.receipt, now) is None
    assert sessions.resume(claimed.session.id, now) is None
    assert sessions.claim_ticket(claimed.receipt, now) is None
    assert sessions.redeem_receipt(claimed.token, now) is None


def test_a_receipt_opens_a_second_session_once(sessions: Sessions, now: float) -> None:
    claimed = sign_in(sessions, now)
    redeemed = sessions.redeem_receipt(claimed.receipt, now + 1)
    assert redeemed is not None
    assert redeemed == (redeemed.token, redeemed.session)
    assert redeemed.session.cookieless
    assert redeemed.session.username == "ada"
    assert redeemed.session.expires_at == claimed.session.expires_at
    assert sessions.resume(redeemed.token, now + 2) == redeemed.session
    assert sessions.resume(claimed.token, now + 2) == claimed.session
    assert sessions.redeem_receipt(claimed.receipt, now + 1) is None


def test_of_many_redemptions_at_once_one_wins(sessions: Sessions, now: float) -> None:
    receipt = sign_in(sessions, now).receipt
    with ThreadPoolExecutor(8) as threads:
        redeemed = list(threads.map(lambda _: sessions.redeem_receipt(receipt, now), range(8)))
    assert sum(one is not None for one in redeemed) == 1


def test_a_receipt_lasts_thirty_seconds_from_the_claim(sessions: Sessions, now: float) -> None:
    claimed = sessions.claim_ticket(sessions.issue_ticket("ada", now), now + 20)
    late = sessions.claim_ticket(sessions.issue_ticket("ada", now), now + 20)
    assert claimed is not None
    assert late is not None
    assert sessions.redeem_receipt(claimed.receipt, now + 49)
    assert sessions.redeem_receipt(late.receipt, now + 50) is None


def test_a_spent_receipt_opens_nothing(sessions: Sessions, now: float) -> None:
    claimed = sign_in(sessions, now)
    sessions.spend_receipt(claimed.receipt)
    assert sessions.redeem_receipt(claimed.receipt, now) is None
    assert sessions.resume(claimed.token, now) == claimed.session


@pytest.mark.parametrize("which", ["cookie", "tab"])
def test_signing_out_ends_cookie_and_tab_of_that_sign_in_only(
    sessions: Sessions, now: float, which: str
) -> None:
    elsewhere, claimed = sign_in(sessions, now), sign_in(sessions, now)
    redeemed = sessions.redeem_receipt(claimed.receipt, now)
    assert redeemed is not None
    sessions.revoke((claimed if which == "cookie" else redeemed).session.id, now)
    assert sessions.resume(claimed.token, now) is None
    assert sessions.resume(redeemed.token, now) is None
    assert sessions.get(redeemed.session.id, now) is None
    assert sessions.resume(elsewhere.token, now)


def test_a_receipt_is_worthless_after_signing_out(sessions: Sessions, now: float) -> None:
    claimed = sign_in(sessions, now)
    sessions.revoke(claimed.session.id, now)
    assert sessions.redeem_receipt(claimed.receipt, now) is None


def test_revoke_all_ends_sessions_and_tickets_of_one_person(
    accounts: Accounts, sessions: Sessions, cheap_hashes: None, now: float
) -> None:
    accounts.add("lin", "storyboard", now=now)
    ada, lin = sign_in(sessions, now), sign_in(sessions, now, "lin")
    ticket = sessions.issue_ticket("ada", now)
    sessions.revoke_all("ADA", now)
    assert sessions.resume(ada.token, now) is None
    assert sessions.claim_ticket(ticket, now) is None
    assert sessions.redeem_receipt(ada.receipt, now) is None
    assert sessions.resume(lin.token, now)


def test_a_new_password_ends_sessions_tickets_and_receipts(
    accounts: Accounts, sessions: Sessions, cheap_hashes: None, now: float
) -> None:
    accounts.add("lin", "storyboard", now=now)
    claimed, ticket = sign_in(sessions, now, "lin"), sessions.issue_ticket("lin", now)
    accounts.set_password("lin", "shot-list-7")
    assert sessions.resume(claimed.token, now) is None
    assert sessions.get(claimed.session.id, now) is None
    assert sessions.claim_ticket(ticket, now) is None
    assert sessions.redeem_receipt(claimed.receipt, now) is None
    assert sign_in(sessions, now, "lin")


def test_a_new_hash_in_secrets_ends_sessions(
    database: Database, sessions: Sessions, credentials: dict[str, Any], now: float
) -> None:
    claimed = sign_in(sessions, now)
    fields = credentials["usernames"]["Ada"]
    changed = {"usernames": {"Ada": {**fields, "password": fields["password"][:-1] + "0"}}}
    later = Sessions(database, Accounts(database, changed), 14 * DAY)
    assert later.resume(claimed.token, now) is None


def test_a_removed_account_ends_its_sessions(
    database: Database, accounts: Accounts, sessions: Sessions, cheap_hashes: None, now: float
) -> None:
    accounts.add("lin", "storyboard", now=now)
    lin, ada = sign_in(sessions, now, "lin"), sign_in(sessions, now)
    with database.write() as connection:
        connection.execute(sa.delete(accounts_table))
    assert sessions.resume(lin.token, now) is None
    assert sessions.resume(ada.token, now)
    without_ada = Sessions(database, Accounts(database, {}), 14 * DAY)
    assert without_ada.resume(ada.token, now) is None


def test_secrets_are_stored_and_shown_nowhere(
    database: Database, sessions: Sessions, now: float, tmp_path: Path
) -> None:
    ticket = sessions.issue_ticket("ada", now)
    claimed = sessions.claim_ticket(ticket, now)
    unused = sessions.issue_ticket("ada", now)
    assert claimed is not None
    redeemed = sessions.redeem_receipt(claimed.receipt, now)
    kept = sign_in(sessions, now)
    assert redeemed is not None
    secrets = (
        ticket,
        unused,
        claimed.token,
        claimed.receipt,
        redeemed.token,
        kept.token,
        kept.receipt,
    )
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("studio.sqlite3*"))
    with database.read() as connection:
        for table in (sessions_table, tickets):
            stored += repr(connection.execute(sa.select(table)).all()).encode()
    assert kept.session.id.encode() in stored
    for secret in secrets:
        assert secret.encode() not in stored
        assert secret not in repr((claimed, redeemed, kept))


def test_tidy_deletes_what_ended_long_ago(
    database: Database, sessions: Sessions, now: float
) -> None:
    old, revoked = sign_in(sessions, now - 30 * DAY), sign_in(sessions, now - 10 * DAY)
    sessions.revoke(revoked.session.id, now - 9 * DAY)
    current = sign_in(sessions, now)
    with database.write() as connection:
        for at in (now - KEPT_SECONDS - 1, now):
            row = {"at": at, "username": "ada", "address": "192.0.2.1"}
            connection.execute(sa.insert(attempts).values(row))
    assert sessions.get(old.session.id, now) is None
    assert sessions.tidy(now) == 5
    assert sessions.tidy(now) == 0
    assert sessions.resume(current.token, now) == current.session
