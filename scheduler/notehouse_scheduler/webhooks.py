"""Sends signed webhooks, and only to where they may go.

An address is resolved once, every answer must be a public one, and the connection goes to the address that was
checked, so a name that answers differently a moment later opens nothing. Hosts that the operator names are exempt.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import json
import socket
import time
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx

from notehouse_core import errors
from notehouse_core.settings import Settings, required
from notehouse_core.webhook_signature import secret_of, signature_of

PORTS = (443, 8443)
_TIMEOUT = httpx.Timeout(10.0)
_TRY_AGAIN = {408, 425, 429}


class Undeliverable(errors.NotehouseError):
    """Trying again would not help."""

    code, status = "undeliverable", 422


class Webhooks:
    """A client that posts JSON and follows no redirect."""

    def __init__(self, settings: Settings) -> None:
        self._key = required(settings.webhook_key, "webhook_key")
        self._trusted = {one.strip() for one in settings.webhook_hosts.split(",") if one.strip()}
        self._http = httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False, follow_redirects=False)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def post(self, address: str, tenant: str, content: dict[str, Any], key: str) -> bytes:
        """Post `content`; the body that was sent. Raises Undeliverable, or SourceDown to be tried again."""
        body = json.dumps(content, sort_keys=True).encode()
        signature = signature_of(secret_of(self._key, tenant), int(time.time()), body)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Notehouse",
            "X-Notehouse-Signature": signature,
            "Idempotency-Key": hashlib.sha256(key.encode()).hexdigest(),
        }
        url, options = await self._checked(address)
        try:
            request = self._http.build_request(
                "POST", url, content=body, headers={**headers, **options.headers}
            )
            request.extensions.update(options.extensions)
            answer = await self._http.send(request, stream=True)
            await answer.aclose()
        except httpx.HTTPError as error:
            raise errors.SourceDown(f"{_shown(address)} does not answer ({type(error).__name__}).") from error
        _judge(answer.status_code, address)
        return body

    async def _checked(self, address: str) -> tuple[str, Pinned]:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        if f"{host}:{port}" in self._trusted:
            return address, Pinned({}, {})
        if parts.scheme != "https" or port not in PORTS:
            raise Undeliverable(
                f"A webhook's address starts with https:// and has port 443 or 8443; {_shown(address)} does not. "
                "An operator can allow a host of the house by NOTEHOUSE_WEBHOOK_HOSTS."
            )
        chosen = await _public_address(host, port)
        place = f"[{chosen}]" if ":" in chosen else chosen
        pinned = SplitResult("https", f"{place}:{port}", parts.path or "/", parts.query, "").geturl()
        return pinned, Pinned({"Host": parts.netloc}, {"sni_hostname": host})


class Pinned:
    """What keeps a request to a bare address speaking with the host it was meant for."""

    def __init__(self, headers: dict[str, str], extensions: dict[str, Any]) -> None:
        self.headers = headers
        self.extensions = extensions


async def _public_address(host: str, port: int) -> str:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise errors.SourceDown(f"The name {host} has no address ({error.strerror}).") from error
    addresses = [str(one[4][0]) for one in found]
    if not addresses or not all(is_public(one) for one in addresses):
        raise Undeliverable(
            f"{host} is not a public address, and webhooks may not reach into the house. An operator can allow "
            "it by NOTEHOUSE_WEBHOOK_HOSTS."
        )
    return addresses[0]


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


def _judge(status: int, address: str) -> None:
    if 200 <= status < 300:
        return
    message = f"{_shown(address)} answered {status}."
    if status >= 500 or status in _TRY_AGAIN:
        raise errors.SourceDown(message)
    raise Undeliverable(message)


def _shown(address: str) -> str:
    """The host alone: paths and queries of webhooks are often secrets."""
    return urlsplit(address).hostname or "The webhook"
