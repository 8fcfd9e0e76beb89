"""What runs at the kernel gateways now? Each is asked, with a token that opens it and nothing else."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from notehouse_core import access, errors, log_context
from notehouse_hub.service.hub_api import HubApi, HubServer

ANSWER_SECONDS = 5.0
_TOKEN_SECONDS = 15 * 60
_TOKEN_KEPT = 10 * 60
PREFIX = access.hub_user("")


@dataclass(frozen=True)
class Watched:
    """A running gateway: its class, and what it says of itself; None when it did not answer."""

    access_class: str
    url: str
    report: dict[str, Any] | None


@dataclass
class GatewayWatch:
    """Asks gateways what they do, and has kernels ended. It starts none, and looking at one is no use of it."""

    hub: HubApi
    home: str  # where a gateway is reached whose own address nobody knows
    _tokens: dict[str, tuple[float, str]] = field(default_factory=dict)

    async def running(self) -> list[Watched]:
        """Return all gateways that run, by class. Raises Unavailable when the Hub does not answer."""
        known = await self.hub.servers()
        servers = {name: one for name, one in known.items() if name.startswith(PREFIX) and one.ready}
        async with self._client() as client:
            found = await asyncio.gather(
                *(self._asked(client, name, servers[name]) for name in sorted(servers))
            )
        return list(found)

    async def end(self, where: Watched, kernel_id: str) -> None:
        """End a kernel; whoever uses it is told that an administrator did. Raises NotFound, Unavailable."""
        async with self._client() as client:
            try:
                answer = await client.delete(
                    f"{where.url}api/kernels/{kernel_id}",
                    params={"by": "administrator"},
                    headers=await self._headers(access.hub_user(where.access_class)),
                )
            except httpx.TransportError as error:
                raise errors.Unavailable("The kernel's gateway does not answer. Try again soon.") from error
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise errors.NotFound("This kernel has ended already.")
        if not answer.is_success:
            raise errors.Unavailable(f"The kernel's gateway answered {answer.status_code}. Try again soon.")

    async def _asked(self, client: httpx.AsyncClient, name: str, server: HubServer) -> Watched:
        url = f"{server.state.get('address') or self.home}{server.path}"
        try:
            answer = await client.get(f"{url}api/watch", headers=await self._headers(name))
        except (httpx.TransportError, errors.Unavailable):
            answer = None
        report = answer.json() if answer is not None and answer.is_success else None
        return Watched(name.removeprefix(PREFIX), url, report)

    async def _headers(self, name: str) -> dict[str, str]:
        made, token = self._tokens.get(name, (float("-inf"), ""))
        if time.monotonic() - made > _TOKEN_KEPT:
            token = await self.hub.mint_token(name, [f"access:servers!server={name}/"], _TOKEN_SECONDS)
            self._tokens[name] = (time.monotonic(), token)
        return {"Authorization": f"token {token}", **log_context.passed_on()}

    @staticmethod
    def _client() -> httpx.AsyncClient:
        return httpx.AsyncClient(trust_env=False, timeout=ANSWER_SECONDS)
