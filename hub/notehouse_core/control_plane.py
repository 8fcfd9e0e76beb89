"""What our own services ask of the API: execution tokens and kernel gateways. Async, as the server side is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from notehouse_core import errors, log_context
from notehouse_core.client import error_of
from notehouse_core.settings import Settings, required


@dataclass(frozen=True)
class KernelGateway:
    """A running kernel gateway and the Hub token, good for minutes, that opens it and nothing else."""

    url: str
    token: str
    expires_at: str


@dataclass(frozen=True)
class ExecutionToken:
    """A signed token for a kernel, with its id (to revoke it) and its end (ISO 8601, UTC)."""

    id: str
    token: str
    expires_at: str


class ControlPlane:
    """The API as one of our services sees it, under the service's own Hub token."""

    def __init__(self, settings: Settings) -> None:
        token = required(settings.hub_token, "hub_token")
        self._http = httpx.AsyncClient(
            base_url=settings.api.rstrip("/") + "/", headers={"Authorization": f"token {token}"},
            timeout=90, trust_env=False,
        )  # fmt: skip

    async def mint_token(
        self,
        purpose: str,
        access_class: str,
        object: str,
        ttl_seconds: int = 3600,
        *,
        on_behalf_of: str | None = None,
        tenant: str | None = None,
        writes: bool = False,
    ) -> ExecutionToken:
        """An execution token for a kernel that works on `object` with the rights of a class.

        In the name of a person of a tenant it ends with the person's rights, and `writes` what the person may. Raises
        Forbidden when those are others.
        """
        body = {
            "purpose": purpose,
            "access_class": access_class,
            "object": object,
            "ttl_seconds": ttl_seconds,
            "on_behalf_of": on_behalf_of,
            "tenant": tenant,
            "writes": writes,
        }
        answer = await self._post("tokens", body)
        return ExecutionToken(answer["id"], answer["token"], answer["expires_at"])

    async def kernel_gateway(self, access_class: str) -> KernelGateway:
        """The gateway of a class, started if it was not running."""
        answer = await self._post("kernel-gateways", {"access_class": access_class})
        return KernelGateway(answer["url"], answer["token"], answer["expires_at"])

    async def watermarks(self, looked: Sequence[tuple[str, str]]) -> list[str]:
        """Which state the tables are in of each (version id, access class); "" where there is no such any more."""
        items = [{"version": version, "access_class": access_class} for version, access_class in looked]
        found: list[str] = (await self._post("watermarks", {"items": items}))["marks"]
        return found

    async def revoke_token(self, token_id: str) -> None:
        """Ends an execution token before its time."""
        await self._send("DELETE", f"tokens/{token_id}", None)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        return (await self._send("POST", path, body)).json()

    async def _send(self, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        try:
            answer = await self._http.request(method, path, json=body, headers=log_context.passed_on())
        except httpx.HTTPError as error:
            raise errors.Unavailable(
                f"The API does not answer ({type(error).__name__}). Try again shortly."
            ) from error
        if answer.is_error:
            raise error_of(answer)
        return answer
