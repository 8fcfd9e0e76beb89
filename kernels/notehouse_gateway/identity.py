"""Who calls a gateway? Whoever holds a token that opens it: there are no cookies, logins or pages here."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Any

from jupyter_server.auth.identity import IdentityProvider, User
from tornado.web import HTTPError
from traitlets import Instance, Unicode

from notehouse_gateway.hub import Hub, HubAway

FRESH_SECONDS = 60.0  # for so long what the Hub said of a token counts without asking again
LONGEST_SECONDS = 300.0  # and for so long while the Hub does not answer


class TokenIdentity(IdentityProvider):
    """Lets in whoever shows a token that is known."""

    async def get_user(self, handler: Any) -> User | None:
        """Return who sent a request, None for a stranger."""
        shown = self.get_token(handler)
        name = await self.holder(shown) if shown else None
        if name is None:
            return None
        handler._token_authenticated = (
            True  # what Jupyter's handlers ask before they look for a cookie's marks
        )
        return User(name)

    def get_token(self, handler: Any) -> str | None:
        """Return the token of a request: in a header, or in the address of a websocket, where browsers have no header."""
        if found := self.auth_header_pat.match(handler.request.headers.get("Authorization", "")):
            return found.group(2)
        is_websocket = handler.request.headers.get("Upgrade", "").lower() == "websocket"
        return str(handler.get_query_argument("token", "")) if is_websocket else None

    async def holder(self, token: str) -> str | None:
        """Return the name behind a token, None when it does not open this gateway: here none does."""
        return None


class FixedToken(TokenIdentity):
    """One token, for development and tests."""

    secret = Unicode()

    async def holder(self, token: str) -> str | None:
        """Say whether it is that token."""
        return "holder" if self.secret and hmac.compare_digest(token.encode(), self.secret.encode()) else None


class HubTokens(TokenIdentity):
    """Tokens of the Hub that have access to this server, and no others."""

    hub = Instance(Hub)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._confirmed: dict[str, tuple[float, str]] = {}  # when, and whose

    async def holder(self, token: str) -> str | None:
        """Ask the Hub, unless it has just said so. Raises HTTPError 503 when it does not answer."""
        key, now = hashlib.sha256(token.encode()).hexdigest(), time.monotonic()
        at, name = self._confirmed.get(key, (float("-inf"), ""))
        if now - at < FRESH_SECONDS:
            return name
        try:
            known = await self.hub.who_may_enter(token)
        except HubAway as reason:
            if now - at < LONGEST_SECONDS:
                return name
            raise HTTPError(503, str(reason)) from reason
        self._remember(key, known)
        return known

    def _remember(self, key: str, name: str | None) -> None:
        oldest = time.monotonic() - LONGEST_SECONDS
        self._confirmed = {
            one: said for one, said in self._confirmed.items() if said[0] > oldest and one != key
        }
        if name is not None:
            self._confirmed[key] = (time.monotonic(), name)
