"""The kernel gateway of a class: Jupyter's kernel API for holders of a token, and nothing else."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_runtime_dir
from jupyter_events import EventLogger
from tornado.httpserver import HTTPServer
from tornado.ioloop import PeriodicCallback
from traitlets import Instance, Integer, Unicode, default
from traitlets.config import Application, Config

from notehouse_core.logs import jupyter_logging
from notehouse_gateway.activity import watch
from notehouse_gateway.crowds import Crowds
from notehouse_gateway.desk import Desk
from notehouse_gateway.hub import Hub, keep_telling
from notehouse_gateway.identity import TokenIdentity
from notehouse_gateway.kernels import GatewayKernels
from notehouse_gateway.kernelspecs import KERNEL_NAME, OneKernelSpec
from notehouse_gateway.memory import tree
from notehouse_gateway.priority import LOOK_SECONDS, Priorities
from notehouse_gateway.template import strays
from notehouse_gateway.templates import Templates
from notehouse_gateway.web_application import GatewayApplication

CULL_INTERVAL = 30
UNUSED_SECONDS = 1800
TIDY_SECONDS = 60
DEATH_POLL = 1.0
PROCESSES = 512  # and threads; a library may start one for each of many cores
PATIENCE = 30.0  # seconds; whoever starts a gateway wants a kernel, and imports what its template imports
LOGGERS = ("notehouse_gateway", "tornado", "asyncio", "traitlets")
MOST_BYTES = 512 * 2**20  # of a request: a notebook with its outputs


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
    return config


class KernelGatewayApp(Application):
    """A server of kernels: no contents, files, terminals, sessions or user interface."""

    name = "notehouse-gateway"
    ip = Unicode("127.0.0.1")
    port = Integer()
    base_url = Unicode("/")
    identity = Instance(TokenIdentity)
    max_kernels = Integer(20, min=1, help="How many kernels may run at once").tag(config=True)
    idle_seconds = Integer(900, min=0, help="End a kernel that was idle and unconnected so long").tag(
        config=True
    )
    desks_folder = Unicode(help="Folder for the kernels' own folders").tag(config=True)

    kernel_manager: GatewayKernels
    web_app: GatewayApplication
    event_logger: EventLogger  # one for all kernels, which else make one each

    @default("log_level")
    def _default_log_level(self) -> int:
        return logging.INFO

    @default("logging_config")
    def _default_logging_config(self) -> dict[str, Any]:
        """Write what our own parts and the libraries say to the same place as the application's log."""
        heard = {"handlers": ["console"], "level": "INFO", "propagate": False}
        return {**jupyter_logging(), "loggers": dict.fromkeys(LOGGERS, heard)}

    @default("desks_folder")
    def _default_desks_folder(self) -> str:
        return str(Path.home() / ".notehouse" / "kernels")

    @property
    def root_dir(self) -> str:
        """Where Jupyter looks for what kernels are started beside; ours have a desk of their own."""
        return str(Path.cwd())

    def run(self, hub: Hub | None = None) -> None:
        """Serve until it is told to end, or nobody has needed it for long."""
        asyncio.run(self._serve(hub))

    async def _serve(self, hub: Hub | None) -> None:
        ended = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        self._make()
        server = HTTPServer(
            self.web_app, xheaders=hub is not None, max_body_size=MOST_BYTES, max_buffer_size=MOST_BYTES
        )
        looking = [*self._begin_templates(), self._end_unused(ended.set)]
        server.listen(self.port, self.ip)
        self.log.info("Kernels are to be had at port %d", self.port)
        if hub is not None:
            telling = asyncio.create_task(keep_telling(hub, self.web_app.last_activity))
            telling.add_done_callback(lambda _: ended.set())  # by an error, which asyncio logs
        await ended.wait()
        server.stop()
        for one in looking:
            one.stop()
        await self._end_kernels()

    def _make(self) -> None:
        """Make the managers, configured by us alone, and what answers requests."""
        desks = Path(self.desks_folder)
        for folder in (desks, desks.with_name("templates"), desks.with_name("scratch")):
            clear_desks(folder)
        runtime = Path(jupyter_runtime_dir())
        runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.update_config(gateway_config(self.max_kernels, self.idle_seconds, desks))
        self.event_logger = EventLogger(parent=self)
        specs = OneKernelSpec(parent=self)
        self.kernel_manager = GatewayKernels(
            parent=self, log=self.log, connection_dir=str(runtime), kernel_spec_manager=specs
        )
        self.web_app = GatewayApplication(self.base_url, self.kernel_manager, self.identity, self.config)
        watch(self, connected=True)

    def _begin_templates(self) -> list[PeriodicCallback]:
        """Prepare the template of this gateway's kernels, at a desk of its own; return what looks after it."""
        desk = Desk(Path(self.desks_folder).with_name("templates") / "usual")
        desk.open()
        templates, kernels = Templates.instance(parent=self), self.kernel_manager
        templates.begin({**os.environ, **desk.environment(None)}, str(desk.folder))
        templates.limits = replace(
            kernels.limits,
            memory_megabytes=2 * kernels.limits.memory_megabytes,
            processes=2 * templates.processes,
        )

        async def tidy() -> None:
            templates.tidy()
            await kernels.end_old()

        strays.adopt()
        return [
            _every(TIDY_SECONDS, tidy),
            _every(LOOK_SECONDS, self._looking_after_all(Crowds(templates.processes))),
            _every(LOOK_SECONDS, lambda: templates.end_strays(kernels.pids())),
        ]

    def _looking_after_all(self, crowds: Crowds) -> Callable[[], Awaitable[None]]:
        """Return what looks whether a kernel is a burden to the others."""
        priorities, kernels = Priorities(), self.kernel_manager

        def look(pids: list[int]) -> list[int]:
            families = {pid: tree(pid) for pid in pids}
            priorities.look(families)
            return crowds.look({pid: len(family) for pid, family in families.items()})

        async def look_aside() -> None:
            """In a thread: kernels may have hundreds of processes, and the system be busy with them."""
            for pid in await asyncio.to_thread(look, kernels.pids()):
                kernels.end_crowded(pid, Templates.instance().processes)

        return look_aside

    def _end_unused(self, end: Callable[[], None]) -> PeriodicCallback:
        """End the whole gateway when nobody needed it for so long; the next caller has it started again."""

        def look() -> None:
            unused = datetime.now(UTC) - self.web_app.last_activity()
            if not len(self.kernel_manager) and unused.total_seconds() > UNUSED_SECONDS:
                self.log.info("Nobody has needed a kernel here for %d s: this gateway ends", UNUSED_SECONDS)
                end()

        return _every(TIDY_SECONDS, look)

    async def _end_kernels(self) -> None:
        self.log.info("This gateway ends, and with it %d kernels", len(self.kernel_manager))
        await self.kernel_manager.shutdown_all()
        await self.web_app.settings["kernel_websocket_connection_class"].close_all()


def _every(seconds: float, what: Callable[[], Any]) -> PeriodicCallback:
    looking = PeriodicCallback(what, seconds * 1000)
    looking.start()
    return looking


def clear_desks(folder: Path) -> None:
    """Make the kernels' folder empty: what an earlier process left, no kernel of this one needs."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
