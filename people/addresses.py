"""Where a request came from, as far as that can be known."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

_WITH_PORT: Final = re.compile(r"\[(?P<six>[^]]+)\](?::\d+)?|(?P<four>[^:]+):\d+")


def client_address(peer: str, forwarded_for: str | None, trusted_proxies: Collection[str]) -> str:
    """The address to count a request under.

    `forwarded_for` (the X-Forwarded-For header) counts only where `peer` is a trusted proxy; it is
    read from the right, past further trusted ones, as what stands left of those is anybody's word.
    Raises ValueError for a trusted proxy that is neither an address nor a network.
    """
    networks = parse_proxies(frozenset(trusted_proxies))
    address = _parse(peer)
    if address is None:
        return peer
    for hop in reversed((forwarded_for or "").split(",")):
        if not _is_in(address, networks):
            break
        further = _parse(hop)
        if further is None:
            break
        address = further
    return str(address)


@lru_cache(maxsize=8)
def parse_proxies(proxies: frozenset[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    """The networks of a list such as `10.0.0.1, 10.1.0.0/16`.

    Raises ValueError with one sentence for the reader of the settings.
    """
    try:
        return tuple(ip_network(proxy.strip(), strict=False) for proxy in sorted(proxies))
    except ValueError as error:
        raise ValueError(f"TRUSTED_PROXIES: {error}.") from None


def network_of(address: str) -> str:
    """What one subscriber holds: an IPv4 address, or the /64 of an IPv6 one."""
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed) if parsed else address[:64]


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    bare = text.strip()
    if port := _WITH_PORT.fullmatch(bare):
        bare = port["six"] or port["four"]
    try:
        address = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_in(
    address: IPv4Address | IPv6Address, networks: tuple[IPv4Network | IPv6Network, ...]
) -> bool:
    return any(address in network for network in networks)
