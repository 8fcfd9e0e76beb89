"""Who is it? The Hub knows by a cookie; asked while other requests go on, and once for many requests of the same person."""

from __future__ import annotations

from typing import Any

from jupyterhub.services.auth import HubOAuth, HubOAuthCallbackHandler, HubOAuthenticated


class HubLogin(HubOAuth):  # type: ignore[misc]
    """JupyterHub's own, which otherwise goes through a thread and lets the whole server wait for its answer."""

    def get_user(self, handler: Any, *, sync: bool = True) -> Any:
        """Return the model of who asks; what was found when the request began."""
        if sync and hasattr(handler, "_cached_hub_user"):
            return handler._cached_hub_user
        return super().get_user(handler, sync=sync)


class KnownToHub(HubOAuthenticated):  # type: ignore[misc]
    """A request of somebody whom the Hub may know."""

    hub_auth_class = HubLogin

    async def look_up(self) -> None:
        """Find out who it is, before anything asks."""
        await self.hub_auth.get_user(self, sync=False)


class LoginCallback(HubOAuthCallbackHandler):  # type: ignore[misc]
    """The Hub's answer to a login, taken by the same."""

    hub_auth_class = HubLogin
