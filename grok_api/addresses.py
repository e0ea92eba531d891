"""Which internet addresses a download may connect to."""

from __future__ import annotations

import socket
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

from grok_api.errors import BlockedAddress

# `is_global` knows most of them; these it lets pass, or did in some Python version.
_REFUSED_V4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # shared by carriers
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_PUBLIC_V6 = IPv6Network("2000::/3")  # leaves out mapped, compatible, NAT64, local, multicast
_REFUSED_V6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # Teredo and other protocol assignments
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "3fff::/20",
    )
)

SocketAddress = tuple[Any, ...]


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Say whether `address` is a plain public one, in no disguise."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in block for block in _REFUSED_V4)
    return address in _PUBLIC_V6 and not any(address in block for block in _REFUSED_V6)


def is_loopback_host(host: str) -> bool:
    """Say whether `host` names this machine: "localhost" or a loopback address."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


@dataclass(frozen=True, slots=True)
class Guard:
    """What downloads may reach besides public addresses."""

    allow_hosts: Collection[str] = ()
    allow_loopback: bool = False

    def resolve(self, host: str, port: int) -> list[tuple[int, SocketAddress]]:
        """Return (family, socket address) pairs to connect to; raises OSError, BlockedAddress.

        One refused address among several refuses the host: the next answer could be that one.
        """
        found = resolve(host, port)
        if host.lower().rstrip(".") not in {name.lower().rstrip(".") for name in self.allow_hosts}:
            for _, where in found:
                self._check(str(where[0]))
        return found

    def _check(self, text: str) -> None:
        address = ip_address(text.partition("%")[0])
        if is_public(address) or (self.allow_loopback and address.is_loopback):
            return
        raise BlockedAddress(
            "The video's address leads into a private network.", code="private_address"
        )


def resolve(host: str, port: int) -> list[tuple[int, SocketAddress]]:
    """Return the (family, socket address) pairs of `host`; raises OSError."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"not a host name ({error})") from None
    return [(family, where) for family, _, _, _, where in found]


def origin(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port, None where `url` has no such thing."""
    try:
        parts = urlsplit(url)
        port = {"https": 443, "http": 80}[parts.scheme] if parts.port is None else parts.port
    except (ValueError, KeyError):
        return None
    # Parsers disagree about these: what one takes for the host, another takes for a password.
    if "@" in parts.netloc or "\\" in url or not url.isprintable():
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname else None
