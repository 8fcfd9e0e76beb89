"""Where does a request come from, when proxies of others stand before ours?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from notehouse_core.errors import Invalid

Networks = Sequence[IPv4Network | IPv6Network]

TRUSTED = "notehouse_trusted_proxies"  # the Hub's setting with these networks


def networks(text: str) -> Networks:
    """Read networks written with commas between them; raises Invalid naming one that is none."""
    found = []
    for one in filter(None, (part.strip() for part in text.split(","))):
        try:
            found.append(ip_network(one))
        except ValueError as error:
            raise Invalid(
                f"NOTEHOUSE_TRUSTED_PROXIES: {one} is no network. Write 10.0.0.0/8, say."
            ) from error
    return found


def address_of(handler: Any) -> str:
    """Return the address of whoever is behind a request to the Hub."""
    seen, trusted = str(handler.request.remote_ip), handler.settings.get(TRUSTED, ())
    forwarded = handler.request.headers.get_list("X-Forwarded-For")
    return client_address(seen, forwarded, trusted) if trusted else seen


def client_address(seen: str, forwarded: Iterable[str], trusted: Networks) -> str:
    """Return the last address that no trusted proxy has.

    `seen` is whom our own proxy speaks for, `forwarded` the X-Forwarded-For values, the nearest last: anything
    before the first stranger may be made up.
    """
    hops = [hop.strip() for value in forwarded for hop in value.split(",")]
    for hop in reversed(hops):
        if not _is_trusted(hop, trusted):
            return hop
    return seen


def _is_trusted(hop: str, trusted: Networks) -> bool:
    try:
        address = ip_address(hop)
    except ValueError:
        return False
    return any(address in network for network in trusted)
