"""The Hub's own cookie says only who somebody is, the same in all their browsers. Ours says which browser it is.

Both are needed: a session that was ended, from another browser say, opens nothing any more.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from jupyterhub.handlers import BaseHandler
from jupyterhub.user import User

from notehouse_core.store import audit, login_sessions
from notehouse_hub.hub.pool import database
from notehouse_hub.login.addresses import address_of

COOKIE = "notehouse-hub-session"
_DATABASE = "notehouse_database_url"
_LIFE = "notehouse_session_life"


class BeginsSession:
    """For the pages that log somebody in: the browser gets a session of its own."""

    _logging_in = False

    async def login_user(self, data: Any = None) -> Any:
        """Log in, and begin the session."""
        self._logging_in = True
        user = await super().login_user(data)  # type: ignore[misc]
        if user is not None:
            await _begin(self, user.name)
        return user

    def set_login_cookie(self, user: Any) -> None:
        """Mark what this login gives out with a new mark, not with one that the browser brought."""
        if self._logging_in:
            self.set_session_cookie()  # type: ignore[attr-defined]
        super().set_login_cookie(user)  # type: ignore[misc]


async def _begin(handler: Any, username: str) -> None:
    life: timedelta = handler.settings[_LIFE]
    async with database(handler.settings[_DATABASE]).session() as session:
        address = address_of(handler)
        secret = await login_sessions.begin(
            session, username, handler.get_session_cookie(), address=address,
            agent=handler.request.headers.get("User-Agent", ""), life=life,
        )  # fmt: skip
        await audit.record(session, username, "login", username, address=address)
    handler._set_cookie(COOKIE, secret, path=handler.hub.base_url, expires_days=life.days)


async def end_session(handler: Any) -> None:
    """End the session of the browser that asks."""
    secret = _secret(handler)
    handler.clear_cookie(COOKIE, path=handler.hub.base_url)
    if secret:
        async with database(handler.settings[_DATABASE]).session() as session:
            await login_sessions.end_by_secret(session, secret)


def _secret(handler: Any) -> str:
    found = handler.get_signed_cookie(COOKIE)
    return found.decode() if found else ""


def tornado_settings(database_url: str, life: timedelta) -> dict[str, Any]:
    """Return what the pages of a session need among the Hub's settings."""
    return {_DATABASE: database_url, _LIFE: life}


def guard_pages() -> None:
    """Have every page of the Hub ask for an open session; JupyterHub has no setting for that.

    Tests with a real Hub notice when a later JupyterHub asks somewhere else.
    """
    if getattr(BaseHandler, "_asks_for_session", False):
        return
    known = BaseHandler.get_current_user

    async def get_current_user(self: Any) -> Any:
        first = not hasattr(self, "_jupyterhub_user")
        user = await known(self)
        by_cookie = first and isinstance(user, User) and not self._token_authenticated
        if by_cookie and not await _is_open(self, user):
            self._jupyterhub_user = None
        return self._jupyterhub_user

    BaseHandler.get_current_user = get_current_user
    BaseHandler._token_authenticated = False  # JupyterHub 6.1.1 asks for it on pages that take no tokens, too
    BaseHandler._asks_for_session = True


async def _is_open(handler: Any, user: User) -> bool:
    secret = _secret(handler)
    if not secret:
        return False
    async with database(handler.settings[_DATABASE]).session() as session:
        return await login_sessions.is_open(session, user.name, secret)
