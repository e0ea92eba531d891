"""Forwarded addresses count only from trusted proxies."""

from __future__ import annotations

import pytest

from people.addresses import client_address, network_of, parse_proxies

PROXIES = frozenset({"10.0.0.1", "10.1.0.0/16", "2001:db8::/32"})


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.7", None, "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "127.0.0.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.1, 10.1.2.3", "198.51.100.1"),
        ("10.0.0.1", "10.1.0.9, 10.1.2.3", "10.1.0.9"),
        ("10.0.0.1", "198.51.100.1, unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, rubbish, 10.1.2.3", "10.1.2.3"),
        ("10.0.0.1", "198.51.100.1:5123", "198.51.100.1"),
        ("10.0.0.1", "[2001:db9::1]:443", "2001:db9::1"),
        ("10.0.0.1", "2001:db9::1", "2001:db9::1"),
        ("2001:db8::5", "198.51.100.1", "198.51.100.1"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("fe80::1%eth0", "198.51.100.1", "fe80::1"),
        ("testclient", "198.51.100.1", "testclient"),
        ("", "198.51.100.1", ""),
    ],
)
def test_client_address(peer: str, forwarded: str | None, address: str) -> None:
    assert client_address(peer, forwarded, PROXIES) == address


def test_nothing_is_trusted_by_default() -> None:
    assert client_address("127.0.0.1", "198.51.100.1", ()) == "127.0.0.1"


def test_a_wrong_setting_is_named() -> None:
    with pytest.raises(ValueError, match=r"^TRUSTED_PROXIES: 'proxy\.local'"):
        parse_proxies(frozenset({"proxy.local"}))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_network_of(address: str, network: str) -> None:
    assert network_of(address) == network
