"""Where may a connection go that somebody asked us to make? To the open internet, and where the operator says.

A name is resolved once, every address it has is checked, and the connection goes to one that was checked, so a name
that answers differently a moment later opens nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from notehouse_core import errors

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class HostRefused(errors.NotehouseError):
    """The operator does not let connections go there; trying again would not help."""

    code, status = "host_refused", 422


class HostUnknown(errors.SourceDown):
    """A name that has no address."""


@dataclass(frozen=True)
class HostPolicy:
    """Which places are open although they are in the house: `host`, `host:port` or a network such as 10.0.0.0/8."""

    setting: str  # what the operator sets to allow a place
    names: frozenset[str] = frozenset()
    networks: tuple[_Network, ...] = ()

    @classmethod
    def of(cls, setting: str, allowed: str) -> HostPolicy:
        """The policy of a setting's value, places with commas between. Raises Invalid naming the setting."""
        places = [one.strip().lower() for one in allowed.split(",") if one.strip()]
        try:
            networks = tuple(ipaddress.ip_network(one) for one in places if "/" in one)
        except ValueError as error:
            raise errors.Invalid(f"{setting} holds a network that is none: {error}.") from error
        return cls(setting, frozenset(one for one in places if "/" not in one), networks)

    def names_host(self, host: str, port: int) -> bool:
        """Has the operator named this very host?"""
        return bool({host.lower(), f"{host.lower()}:{port}"} & self.names)

    async def address(self, host: str, port: int) -> str:
        """The address to connect to, checked. Raises HostRefused or HostUnknown."""
        found = await _resolved(host, port)
        if not self.names_host(host, port):
            closed = [one for one in found if not self._is_open(one)]
            if closed:
                raise HostRefused(
                    f"{host} is not a public address, and connections may not reach into the house. An operator can "
                    f"allow it by {self.setting}."
                )
        return found[0]

    def _is_open(self, address: str) -> bool:
        if is_public(address):
            return True
        one = ipaddress.ip_address(address.partition("%")[0])
        return any(one.version == network.version and one in network for network in self.networks)


@dataclass(frozen=True)
class Pinned:
    """A URL to a bare address, and what keeps the request speaking with the host it was meant for."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    extensions: dict[str, Any] = field(default_factory=dict)


def pinned(url: str, address: str) -> Pinned:
    """The URL with its host replaced by a checked address; TLS still asks for the host's own certificate."""
    parts = urlsplit(url)
    place = f"[{address}]" if ":" in address else address
    netloc = f"{place}:{parts.port}" if parts.port else place
    where = SplitResult(parts.scheme, netloc, parts.path or "/", parts.query, "").geturl()
    return Pinned(where, {"Host": parts.netloc}, {"sni_hostname": parts.hostname or ""})


def is_public(address: str) -> bool:
    """Is this an address of the open internet, also where it hides an older one (::ffff:10.0.0.1, 6to4, NAT64)?"""
    one = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(one, ipaddress.IPv6Address):
        inner = one.ipv4_mapped or one.sixtofour or (one.teredo and one.teredo[1]) or _nat64(one)
        if inner and not inner.is_global:
            return False
    return one.is_global and not one.is_multicast


def _nat64(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    inside = address in ipaddress.ip_network("64:ff9b::/96")
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if inside else None


async def _resolved(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        found: Iterable[Any] = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not a host's name"
        raise HostUnknown(f"The name {host} has no address ({reason}).") from error
    addresses = [str(one[4][0]) for one in found]
    if not addresses:
        raise HostUnknown(f"The name {host} has no address.")
    # A host of the house often has both kinds and listens on the older one alone.
    return sorted(addresses, key=lambda one: ":" in one)
