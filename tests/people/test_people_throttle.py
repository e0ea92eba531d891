"""How often a password may be tried."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from people.throttle import Throttle, Verdict

HERE = "192.0.2.1"


def test_the_sixth_try_waits_until_the_first_is_fifteen_minutes_old(
    throttle: Throttle, now: float
) -> None:
    for second in range(5):
        assert throttle.begin("ada", HERE, now + second) == Verdict(True)
    assert throttle.wait_seconds("ada", HERE, now + 5) == 895
    assert throttle.begin(" ADA ", HERE, now + 5) == Verdict(False, 895)
    assert throttle.begin("ada", HERE, now + 899.5) == Verdict(False, 1)
    assert throttle.begin("ada", HERE, now + 900) == Verdict(True)
    assert throttle.begin("ada", HERE, now + 900) == Verdict(False, 1)


def test_other_people_and_other_addresses_are_not_held_up(throttle: Throttle, now: float) -> None:
    for _ in range(6):
        throttle.begin("ada", HERE, now)
    assert throttle.begin("lin", HERE, now).allowed
    assert throttle.begin("ada", "192.0.2.2", now).allowed


def test_fifty_tries_an_address(throttle: Throttle, now: float) -> None:
    for number in range(50):
        assert throttle.begin(f"user{number}", HERE, now + number).allowed
    assert throttle.begin("ada", HERE, now + 50) == Verdict(False, 850)
    assert throttle.begin("ada", "192.0.2.2", now + 50).allowed
    assert throttle.begin("ada", HERE, now + 900).allowed


def test_a_success_forgets_that_pair_only(throttle: Throttle, now: float) -> None:
    for name in ("ada", "lin"):
        for _ in range(5):
            throttle.begin(name, HERE, now)
    throttle.succeeded("Ada", HERE)
    assert throttle.wait_seconds("ada", HERE, now) == 0
    assert throttle.wait_seconds("lin", HERE, now) == 900


def test_twenty_threads_get_five_tries(throttle: Throttle, now: float) -> None:
    with ThreadPoolExecutor(20) as threads:
        verdicts = list(threads.map(lambda _: throttle.begin("ada", HERE, now), range(40)))
    assert sum(verdict.allowed for verdict in verdicts) == 5


def test_one_ipv6_subscriber_counts_as_one(throttle: Throttle, now: float) -> None:
    for number in range(5):
        throttle.begin("ada", f"2001:db8:0:1::{number}", now)
    assert not throttle.begin("ada", "2001:db8:0:1:ffff::9", now).allowed
    assert throttle.begin("ada", "2001:db8:0:2::1", now).allowed


@pytest.mark.parametrize("name", ["\x00", "\ud800", "x" * 100_000, "a b"])
def test_names_nobody_can_have_are_counted_too(throttle: Throttle, now: float, name: str) -> None:
    for _ in range(5):
        assert throttle.begin(name, HERE, now).allowed
    assert not throttle.begin(name, HERE, now).allowed
