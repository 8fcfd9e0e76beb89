"""How does a kernel gateway come to life? The Hub starts the server of its class's service user."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from notehouse_core import access, errors
from notehouse_core.settings import Settings
from notehouse_core.together import Together
from notehouse_hub.service.hub_api import HubApi, HubServer

_START_SECONDS = 120.0
_POLL_SECONDS = 0.15
_TOKEN_SECONDS = 15 * 60
_TOKEN_LEFT = 10 * 60  # that a token has at least when somebody gets it
_TOUCH_EVERY = 10.0


@dataclass(frozen=True)
class KernelGateway:
    """A running gateway, and a token that opens it and nothing else for some minutes."""

    url: str
    token: str
    expires_at: datetime


class KernelGateways:
    """Starts gateways on demand; all who ask for one of a class at the same time share one asking of the Hub."""

    def __init__(self, hub: HubApi, settings: Settings) -> None:
        self._hub = hub
        self._settings = settings
        self._asking: Together[KernelGateway] = Together()
        self._touched: dict[str, float] = {}
        self._tokens: dict[str, tuple[datetime, str]] = {}

    async def running(self, class_id: str) -> KernelGateway:
        """Return the class's gateway, started if need be. Raises Unavailable when it does not come up."""
        name = access.hub_user(class_id)
        return await self._asking.of(name, lambda: self._found(name))

    async def _found(self, name: str) -> KernelGateway:
        server = await self._ready_server(name)
        await self._touch(name)
        expires_at, token = await self._token(name)
        return KernelGateway(self._address(server), token, expires_at)

    async def _token(self, name: str) -> tuple[datetime, str]:
        """When a token ends, and the token: the same for minutes, so that the gateway need not ask the Hub whose it is."""
        now = datetime.now(UTC)
        known = self._tokens.get(name)
        if known is None or known[0] - now < timedelta(seconds=_TOKEN_LEFT):
            token = await self._hub.mint_token(name, [f"access:servers!server={name}/"], _TOKEN_SECONDS)
            known = self._tokens[name] = (now + timedelta(seconds=_TOKEN_SECONDS), token)
        return known

    async def _ready_server(self, name: str) -> HubServer:
        """Have the Hub look whether the process lives, which its own view of `ready` does not tell."""
        deadline = time.monotonic() + _START_SECONDS
        if await self._started(name):
            self._tokens.pop(name, None)  # of a user who may have been another
        while time.monotonic() < deadline:
            server = await self._hub.server(name)
            if server is None:
                raise errors.Unavailable(
                    f"The kernel gateway {name} ended while it started. Its log is logs/servers/{name}.log "
                    "in the data folder."
                )
            if server.ready:
                return server
            await asyncio.sleep(_POLL_SECONDS)
        raise errors.Unavailable(f"The kernel gateway {name} was not ready after {_START_SECONDS:.0f} s.")

    async def _started(self, name: str) -> bool:
        """Have the server started; False when it runs. A class's user is made when its gateway is first needed."""
        try:
            return await self._hub.start_server(name)
        except errors.NotFound:
            await self._hub.ensure_user(name)
            return await self._hub.start_server(name)

    async def _touch(self, name: str) -> None:
        """A caller comes: the gateway must not be ended before that caller has a kernel there."""
        if time.monotonic() - self._touched.get(name, -_TOUCH_EVERY) >= _TOUCH_EVERY:
            await self._hub.touch(name)
            self._touched[name] = time.monotonic()

    def _address(self, server: HubServer) -> str:
        """Prefer the server's own port; a Hub that does not tell it is reached through the proxy."""
        direct = server.state.get("address")
        return f"{direct or f'http://127.0.0.1:{self._settings.port}'}{server.path}"
