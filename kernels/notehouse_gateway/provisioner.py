"""Starts kernels with the environment of the allow-list, wherever jupyter_client starts them; by fork where it can."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from subprocess import TimeoutExpired
from typing import Any, cast

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from notehouse_gateway import sockets
from notehouse_gateway.enclosure import Entrance
from notehouse_gateway.environment import kernel_environment
from notehouse_gateway.template.kernel import TOKEN_FILE
from notehouse_gateway.template.wire import ForkOrder
from notehouse_gateway.template_process import CannotFork, Forked
from notehouse_gateway.templates import Templates

KILLED_WITHIN = 5.0  # seconds
LAUNCHER = "ipykernel_launcher"


class AllowListProvisioner(LocalProvisioner):
    """A local kernel process that inherits nothing of its server but the names of the allow-list.

    It listens on Unix sockets that only its user may connect to.
    """

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Prepare the launch, then cut the environment; the server's Hub token is in what is cut."""
        if self.parent is not None and self.parent.transport == "tcp":
            self.parent.transport, self.parent.ip = "ipc", sockets.fresh()
        launch = await super().pre_launch(**kwargs)
        launch["env"] = kernel_environment(launch["env"])
        return launch


class ForkProvisioner(AllowListProvisioner):
    """A kernel forked from a template of this process; a new process where there is none."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork a kernel, or start one the slow way and say why.

        With `template`, the key of a notebook's template, there is no slow way: raises CannotFork. `token` is a
        descriptor of what holds the kernel's token.
        """
        key, token = kwargs.pop("template", None), kwargs.pop("token", None)
        templates = Templates.instance()
        if not templates.enabled or LAUNCHER not in cmd:
            return await self._launch_anew(cmd, token, **kwargs)
        arguments = cmd[cmd.index(LAUNCHER) + 1 :]
        order = ForkOrder(arguments, kwargs["env"], str(kwargs.get("cwd") or "."), templates.processes)
        if key is not None:
            return self._took(await templates.fork_notebook(order, key, token), order)
        try:
            return self._took(await templates.fork(order, token), order)
        except CannotFork as refusal:
            self.log.info("A kernel starts as a new process: %s", refusal)
            return await self._launch_anew(cmd, token, **kwargs)

    async def _launch_anew(self, cmd: list[str], token: int | None, **kwargs: Any) -> KernelConnectionInfo:
        """Start a new process, behind the same walls as a fork."""
        templates = Templates.instance()
        passed = [] if token is None else [token]
        if token is not None:
            kwargs["env"] = {**kwargs["env"], TOKEN_FILE: f"/proc/self/fd/{token}"}
        if templates.enclosure is None:
            return await super().launch_kernel(cmd, **kwargs, pass_fds=passed)
        entrance = Entrance()
        enclosed = templates.enclosure.command(cmd, entrance, templates.processes)
        passed.append(entrance.theirs.fileno())
        try:
            return await super().launch_kernel(enclosed, **kwargs, pass_fds=passed)
        finally:
            if self.pid is not None:
                templates.enclosure.open(entrance, self.pid)

    async def kill(self, restart: bool = False) -> None:
        """End the kernel, and wait for that as long as it takes: whoever polls would wait a tenth of a second."""
        await super().kill(restart)
        process: Any = self.process
        if isinstance(process, Forked):
            with suppress(TimeoutExpired):
                await _waited(process)

    def _took(self, forked: Forked, order: ForkOrder) -> KernelConnectionInfo:
        self.process = cast(Any, forked)  # has the methods of Popen that are used
        self.pid = self.pgid = forked.pid  # it leads a group of its own
        self.cwd = order.cwd
        return self.connection_info


async def _waited(process: Forked) -> None:
    try:
        await asyncio.to_thread(process.wait, KILLED_WITHIN)
    except RuntimeError:  # the program ends, and starts no threads any more
        process.wait(KILLED_WITHIN)
