"""The kernels of one gateway: each with an environment, a folder and a token of its own."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.web import HTTPError
from traitlets import Integer, Unicode

from notehouse_gateway.desk import Desk, write_token
from notehouse_gateway.kernelspecs import KERNEL_NAME
from notehouse_gateway.template_process import CannotFork


@dataclass(frozen=True)
class KernelOrder:
    """What a caller asks for: which kernel, with which execution token and which seed of its widgets' ids.

    `template` is the key of a notebook that has run already: the kernel goes on from there.
    """

    name: str
    token: str
    seed: str | None = None
    template: str | None = None


def going_on(order: KernelOrder) -> dict[str, Any]:
    """Return what tells the provisioner where a kernel goes on."""
    return {"template": order.template} if order.template else {}


class GatewayKernels(AsyncMappingKernelManager):
    """Starts kernels for callers that bring a token each, and removes all traces of a kernel that ended."""

    desks_folder = Unicode(help="Folder that the kernels' own folders are made in").tag(config=True)
    max_kernels = Integer(20, min=1, help="How many kernels may run at once").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        self._starting = 0

    async def start(self, order: KernelOrder) -> str:
        """Start a kernel and return its id; raises HTTPError 404 for an unknown name, 429 past the limit."""
        self._refuse_unknown(order.name)
        self._refuse_excess()
        kernel_id = str(uuid.uuid4())
        self._starting += 1
        try:
            return await self._start_at_desk(kernel_id, order)
        finally:
            self._starting -= 1

    async def _start_at_desk(self, kernel_id: str, order: KernelOrder) -> str:
        desk = self.desk(kernel_id)
        desk.open(order.token)
        environment = {**os.environ, **desk.environment(order.seed)}
        try:
            started: str = await ensure_async(
                self.start_kernel(
                    kernel_id=kernel_id,
                    kernel_name=order.name,
                    env=environment,
                    cwd=str(desk.folder),
                    **going_on(order),
                )
            )
        except CannotFork as refusal:
            desk.close()
            raise HTTPError(409, f"The kernel was not started: {refusal}.") from refusal
        except BaseException:
            desk.close()
            raise
        return started

    def desk(self, kernel_id: str) -> Desk:
        """Return the folder of one kernel."""
        return Desk(Path(self.desks_folder) / kernel_id)

    def template_desk(self, key: str) -> Desk:
        """Return the folder of a notebook's template."""
        return Desk(Path(self.desks_folder).with_name("templates") / key)

    def renew_token(self, kernel_id: str, token: str) -> None:
        """Replace a kernel's token; raises HTTPError 404 when there is no such kernel."""
        self._check_kernel_id(kernel_id)  # type: ignore[no-untyped-call]
        write_token(self.desk(kernel_id).token_file, token)

    def remove_kernel(self, kernel_id: str) -> Any:
        """Forget a kernel that ended, however it ended, and remove its folder."""
        removed = super().remove_kernel(kernel_id)
        self.desk(kernel_id).close()
        return removed

    def _refuse_unknown(self, name: str) -> None:
        if name != KERNEL_NAME:
            raise HTTPError(404, f"There is no kernel {name!r} here; the one there is is {KERNEL_NAME!r}.")

    def _refuse_excess(self) -> None:
        if len(self) + self._starting >= self.max_kernels:
            raise HTTPError(
                429,
                f"This class already runs {self.max_kernels} kernels, which is its limit. "
                "Try again when one has ended; an administrator can raise the limit.",
            )
