"""Sends signed webhooks, and only to where they may go: public addresses, and hosts that the operator names."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any
from urllib.parse import urlsplit

import httpx

from notehouse_core import errors
from notehouse_core.host_policy import HostPolicy, HostRefused, Pinned, pinned
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
        self._policy = HostPolicy.of("NOTEHOUSE_WEBHOOK_HOSTS", settings.webhook_hosts)
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
        target = await self._checked(address)
        try:
            request = self._http.build_request(
                "POST", target.url, content=body, headers={**headers, **target.headers}
            )
            request.extensions.update(target.extensions)
            answer = await self._http.send(request, stream=True)
            await answer.aclose()
        except httpx.HTTPError as error:
            raise errors.SourceDown(f"{_shown(address)} does not answer ({type(error).__name__}).") from error
        _judge(answer.status_code, address)
        return body

    async def _checked(self, address: str) -> Pinned:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        if self._policy.names_host(host, port):
            return Pinned(address)
        if parts.scheme != "https" or port not in PORTS:
            raise Undeliverable(
                f"A webhook's address starts with https:// and has port 443 or 8443; {_shown(address)} does not. "
                "An operator can allow a host of the house by NOTEHOUSE_WEBHOOK_HOSTS."
            )
        try:
            return pinned(address, await self._policy.address(host, port))
        except HostRefused as refused:
            raise Undeliverable(refused.message) from refused


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
