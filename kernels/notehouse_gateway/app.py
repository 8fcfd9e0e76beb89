"""The kernel gateway of a class: Jupyter's kernel API behind the Hub's authentication, and nothing else.

`python -m notehouse_gateway.app` is what the Hub's spawner starts for a service user.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from jupyter_server.serverapp import ServerApp
from jupyterhub.log import log_request
from jupyterhub.singleuser.extension import JupyterHubSingleUser
from tornado.ioloop import PeriodicCallback
from traitlets import Integer, Unicode, default
from traitlets.config import Config

from notehouse_core.logs import jupyter_logging, with_request_id
from notehouse_gateway.activity import watch
from notehouse_gateway.connection import BoundedConnection
from notehouse_gateway.desk import Desk
from notehouse_gateway.hardening import deny_inspection
from notehouse_gateway.kernels import GatewayKernels
from notehouse_gateway.kernelspecs import KERNEL_NAME, OneKernelSpec
from notehouse_gateway.priority import LOOK_SECONDS, Priorities
from notehouse_gateway.template import strays
from notehouse_gateway.templates import Templates

CULL_INTERVAL = 30
UNUSED_SECONDS = 1800
TIDY_SECONDS = 60
DEATH_POLL = 1.0
PROCESSES = 512  # and threads; a library may start one for each of many cores
PATIENCE = 30.0  # seconds; whoever starts a gateway wants a kernel, and imports what its template imports


def gateway_config(max_kernels: int, idle_seconds: int, desks: Path) -> Config:
    """Return the fixed configuration of a gateway; no file is read beside it."""
    config = Config()
    config.GatewayKernels.default_kernel_name = KERNEL_NAME
    config.GatewayKernels.desks_folder = str(desks)
    config.GatewayKernels.max_kernels = max_kernels
    config.GatewayKernels.cull_idle_timeout = idle_seconds
    config.GatewayKernels.cull_interval = min(CULL_INTERVAL, max(1, idle_seconds))
    config.GatewayKernels.buffer_offline_messages = False
    # Their sockets are in a private folder; keys as well, should anybody give kernels another transport.
    config.GatewayKernels.transport_encryption = "required"
    # A kernel that dies stays dead, and is known to be within a second.
    config.KernelRestarter.restart_limit = 0
    config.KernelRestarter.time_to_dead = DEATH_POLL
    # Callers bound the output that they keep; a snapshot must not lose some to a rate.
    config.BoundedConnection.limit_rate = False
    config.Templates.patience = PATIENCE
    config.Templates.cut_network = True
    config.Templates.own_folder = str(desks.parent)
    config.Templates.processes = PROCESSES
    config.ServerApp.tornado_settings = {"log_function": with_request_id(log_request)}
    return config


class KernelGatewayApp(ServerApp):
    """A Jupyter server cut down to kernels: no contents, files, terminals, sessions or user interface."""

    default_services = ("auth", "kernelspecs")  # type: ignore[assignment]
    max_kernels = Integer(20, min=1, help="How many kernels may run at once").tag(config=True)
    idle_seconds = Integer(900, min=0, help="End a kernel that was idle and unconnected so long").tag(
        config=True
    )
    desks_folder = Unicode(help="Folder for the kernels' own folders").tag(config=True)

    @default("desks_folder")
    def _default_desks_folder(self) -> str:
        return str(Path.home() / ".notehouse" / "kernels")

    @default("shutdown_no_activity_timeout")
    def _default_shutdown_no_activity_timeout(self) -> int:
        """End the whole gateway when nobody needed it for so long; the next caller has it started again."""
        return UNUSED_SECONDS

    @default("kernel_manager_class")
    def _default_kernel_manager_class(self) -> type[GatewayKernels]:
        return GatewayKernels

    @default("kernel_spec_manager_class")
    def _default_kernel_spec_manager_class(self) -> type[OneKernelSpec]:
        return OneKernelSpec

    @default("kernel_websocket_connection_class")
    def _default_kernel_websocket_connection_class(self) -> type[BoundedConnection]:
        return BoundedConnection

    def init_configurables(self) -> None:
        """Make the managers, configured by us alone."""
        desks = Path(self.desks_folder)
        clear_desks(desks)
        clear_desks(desks.with_name("templates"))
        clear_desks(desks.with_name("scratch"))
        self.update_config(gateway_config(self.max_kernels, self.idle_seconds, desks))
        self.extra_services = ["notehouse_gateway.handlers"]
        super().init_configurables()
        self.io_loop.add_callback(self._begin_templates, desks.with_name("templates"))

    def _begin_templates(self, folder: Path) -> None:
        """Prepare the template of this gateway's kernels, at a desk of its own."""
        desk = Desk(folder / "usual")
        desk.open()
        templates, kernels = Templates.instance(parent=self), cast(GatewayKernels, self.kernel_manager)
        templates.begin({**os.environ, **desk.environment(None)}, str(desk.folder))
        templates.limits = replace(
            kernels.limits,
            memory_megabytes=2 * kernels.limits.memory_megabytes,
            processes=2 * templates.processes,
        )

        async def tidy() -> None:
            templates.tidy()
            await kernels.end_old()

        priorities = Priorities()
        strays.adopt()
        self._watching = (
            PeriodicCallback(tidy, TIDY_SECONDS * 1000),
            PeriodicCallback(lambda: priorities.look(kernels.pids()), LOOK_SECONDS * 1000),
            PeriodicCallback(lambda: templates.end_strays(kernels.pids()), LOOK_SECONDS * 1000),
        )
        for one in self._watching:
            one.start()

    def init_webapp(self) -> None:
        """Make the application, and watch whether it is needed."""
        super().init_webapp()
        watch(self, connected=True)

    def load_config_file(self, *_: Any, **__: Any) -> None:
        """Read no file: a kernel of this Unix user could have written it."""

    def find_server_extensions(self) -> None:
        """Look for no extensions: the one that is needed, if any, was named at the start."""


def clear_desks(folder: Path) -> None:
    """Make the kernels' folder empty: what an earlier process left, no kernel of this one needs."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)


class HubKernelGateway(JupyterHubSingleUser):  # type: ignore[misc]
    """The gateway under the Hub: only Hub tokens with access to this server are let in."""

    serverapp_class = KernelGatewayApp
    load_other_extensions = False

    @classmethod
    def get_extension_package(cls) -> str:
        """Name the extension whose authentication is used: JupyterHub's own."""
        return "jupyterhub"


def main() -> None:
    """Run the gateway as the Hub started it."""
    os.umask(0o077)
    deny_inspection()
    HubKernelGateway.launch_instance([f"--Application.logging_config={jupyter_logging()}", *sys.argv[1:]])


if __name__ == "__main__":
    main()
