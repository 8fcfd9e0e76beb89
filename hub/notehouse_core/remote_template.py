"""A notebook that a kernel gateway runs once: its outputs, and kernels that go on from where it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from notehouse_core import log_context
from notehouse_core.remote_kernel import RemoteKernelError, checked

WAIT = 0.5  # seconds the gateway waits with an answer, if nothing has happened
TIMEOUT = 60.0


@dataclass(frozen=True)
class TemplateState:
    """How far it is. `state`: preparing, ready, failed (`failure`: cell, name, message), unforkable (`obstacles`)."""

    state: str
    done: int = 0
    total: int = 0
    failure: dict[str, Any] | None = None
    obstacles: Sequence[str] = ()


class RemoteTemplate:
    """One template, by its key, at the gateway with this URL (ends with a slash). All raise RemoteKernelError."""

    def __init__(self, url: str, hub_token: str, key: str) -> None:
        self._address = f"{url.rstrip('/')}/api/templates/{key}"
        self._headers = {"Authorization": f"token {hub_token}", **log_context.passed_on()}

    async def order(self, order: dict[str, Any]) -> TemplateState:
        """Have it prepared, unless it is: `order` has a notebook, token, seed, cell_timeout."""
        answer = await self._asked("PUT", self._address, order)
        if answer.status_code == httpx.codes.CONFLICT:
            return TemplateState("unforkable", obstacles=("this gateway keeps no templates",))
        return TemplateState(**checked(answer, "prepare a template").json())

    async def known(self) -> TemplateState | None:
        """Say how far it is; None when nobody has ordered it, or it has made room for others."""
        answer = await self._asked("GET", self._address)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return TemplateState(**checked(answer, "prepare a template").json())

    async def state(self) -> TemplateState:
        """Wait a moment for its end, and say how far it is."""
        answer = await self._asked("GET", f"{self._address}?wait={WAIT}")
        return TemplateState(**checked(answer, "prepare a template").json())

    async def executed(self) -> bytes:
        """Return the notebook with its outputs."""
        return checked(await self._asked("GET", f"{self._address}/notebook"), "read a notebook").content

    async def _asked(self, method: str, url: str, body: dict[str, Any] | None = None) -> httpx.Response:
        try:
            # Where nothing is encrypted nothing is verified, and reading certificates takes long.
            encrypted = self._address.startswith("https:")
            async with httpx.AsyncClient(
                headers=self._headers, trust_env=False, timeout=TIMEOUT, verify=encrypted
            ) as http:
                return await http.request(method, url, json=body)
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            raise RemoteKernelError(
                f"The kernel gateway did not answer ({reason}). Try again soon."
            ) from error
