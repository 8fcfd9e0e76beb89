"""The kernels of one gateway: each with an environment, a folder and a token of its own."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zmq
from jupyter_core.utils import ensure_async
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager, ServerKernelManager
from tornado.web import HTTPError
from traitlets import Integer, Unicode, default

from notehouse_gateway import memory
from notehouse_gateway.desk import Desk
from notehouse_gateway.endings import Endings, of_age, of_exit, of_output, of_processes
from notehouse_gateway.held_token import HeldToken
from notehouse_gateway.kernelspecs import KERNEL_NAME
from notehouse_gateway.limits import KernelLimits, passed
from notehouse_gateway.output_rate import MAX_OUTPUT
from notehouse_gateway.series import ENDED, KERNELS, PRIVATE, REFUSED, SHARE
from notehouse_gateway.template_process import CannotFork, Forked
from notehouse_gateway.watching import Purpose, Watched

END_POLL = 0.005  # seconds


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


def exit_code(manager: Any) -> int | None:
    """Return how a kernel's process has ended, None when nobody knows."""
    process = getattr(manager.provisioner, "process", None)
    return getattr(process, "returncode", None)


class PromptManager(ServerKernelManager):
    """A kernel's manager that notices its end at once: Jupyter's own looks ten times a second."""

    async def _async_wait(self, pollinterval: float = END_POLL) -> None:
        await super()._async_wait(min(pollinterval, END_POLL))


class GatewayKernels(AsyncMappingKernelManager):
    """Starts kernels for callers that bring a token each, and removes all traces of a kernel that ended."""

    desks_folder = Unicode(help="Folder that the kernels' own folders are made in").tag(config=True)
    max_kernels = Integer(20, min=1, help="How many kernels may run at once").tag(config=True)
    kernel_memory_megabytes = Integer(2048, min=0, help="Memory of a kernel beyond its start; 0: any").tag(
        config=True
    )
    kernel_cpu_seconds = Integer(14_400, min=0, help="CPU time of a kernel; 0: any").tag(config=True)
    kernel_file_megabytes = Integer(2048, min=0, help="Size of a file of a kernel; 0: any").tag(config=True)
    kernel_output_megabytes_per_second = Integer(8, min=0, help="Output of a kernel; 0: any").tag(config=True)
    kernel_lifetime_seconds = Integer(86_400, min=1, help="How long a kernel may live").tag(config=True)

    @default("kernel_manager_class")
    def _default_kernel_manager_class(self) -> str:
        return f"{__name__}.PromptManager"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        self._starting = 0
        self._ends: dict[str, float] = {}  # by kernel
        self._watched: dict[str, Watched] = {}
        self._tokens: dict[str, HeldToken] = {}
        self.endings = Endings()
        # A message larger than any that is passed on is not received: its sender is cut off, and connects again.
        self.context.maxmsgsize = 2 * MAX_OUTPUT
        KERNELS.set_function(lambda: len(self))

    @property
    def limits(self) -> KernelLimits:
        """What each kernel may use."""
        return KernelLimits(self.kernel_memory_megabytes, self.kernel_cpu_seconds, self.kernel_file_megabytes)

    def pids(self) -> list[int]:
        """Return the processes of the kernels that run."""
        found = [self._pid(kernel_id) for kernel_id in self.list_kernel_ids()]
        return [pid for pid in found if pid is not None]

    def _pid(self, kernel_id: str) -> int | None:
        return getattr(self.get_kernel(kernel_id).provisioner, "pid", None)

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
        desk.open()
        held = self._tokens[kernel_id] = HeldToken(order.token)
        rate = {"NOTEHOUSE_OUTPUT_RATE": str(self.kernel_output_megabytes_per_second)}
        environment = {**os.environ, **desk.environment(order.seed), **rate}
        try:
            started: str = await ensure_async(
                self.start_kernel(
                    kernel_id=kernel_id,
                    kernel_name=order.name,
                    env=environment,
                    cwd=str(desk.folder),
                    token=held.descriptor,
                    **going_on(order),
                )
            )
        except CannotFork as refusal:
            self._clear(kernel_id)
            raise HTTPError(409, f"The kernel was not started: {refusal}.") from refusal
        except BaseException:
            self._clear(kernel_id)
            raise
        self._ends[started] = time.monotonic() + self.kernel_lifetime_seconds
        self._watched[started] = Watched(Purpose.of(order.token), self._origin(started, order))
        if (pid := self._pid(started)) is not None:
            self.limits.impose(pid)
        return started

    def _origin(self, kernel_id: str, order: KernelOrder) -> str:
        if not isinstance(getattr(self.get_kernel(kernel_id).provisioner, "process", None), Forked):
            return "process"
        return "notebook" if order.template else "imports"

    def watched(self) -> list[tuple[dict[str, Any], Watched, int | None]]:
        """Return of each kernel Jupyter's model, what is known from its start, and its process."""
        return [
            (self.kernel_model(one), self._watched[one], self._pid(one))  # type: ignore[no-untyped-call]
            for one in self.list_kernel_ids()
            if one in self._watched
        ]

    async def end_old(self) -> None:
        """End kernels that have lived as long as they may."""
        now = time.monotonic()
        for kernel_id in [one for one, end in self._ends.items() if end < now and one in self]:
            self.log.warning("Kernel %s ends: it has lived for %d s", kernel_id, self.kernel_lifetime_seconds)
            ENDED.labels("lifetime").inc()
            self.end_saying(kernel_id, of_age(self.kernel_lifetime_seconds))

    async def end(self, kernel_id: str, *, now: bool) -> None:
        """End a kernel, `now` without waiting for what it would still do. Raises HTTPError 404."""
        self._check_kernel_id(kernel_id)
        await ensure_async(self.shutdown_kernel(kernel_id, now=now))  # type: ignore[no-untyped-call]

    def end_flooding(self, kernel_id: str) -> None:
        """End a kernel that sends more than its rate, however it does so."""
        if kernel_id in self and kernel_id not in self.endings:
            ENDED.labels("output rate").inc()
            self.end_saying(kernel_id, of_output(self.kernel_output_megabytes_per_second))

    def end_crowded(self, pid: int, most: int) -> None:
        """End the kernel of a process, which goes on at its limit of processes; it may have ended by now."""
        for kernel_id in self.list_kernel_ids():
            if self._pid(kernel_id) == pid and kernel_id not in self.endings:
                ENDED.labels("processes").inc()
                self.end_saying(kernel_id, of_processes(most))

    async def measure(self) -> None:
        """Set the numbers of memory, in a thread: the system takes milliseconds for each process."""
        used = await asyncio.to_thread(memory.use_of, self.pids())
        PRIVATE.set(used.private_bytes)
        SHARE.set(used.proportional_bytes)

    def end_saying(self, kernel_id: str, why: str) -> None:
        """End a kernel as if it died: whoever is connected hears of it, and can ask why."""
        self.log.warning("Kernel %s: %s", kernel_id, why)
        self.endings[kernel_id] = why
        if (process := getattr(self.get_kernel(kernel_id).provisioner, "process", None)) is not None:
            process.kill()

    def end_as_administrator(self, kernel_id: str) -> None:
        """End a kernel that an administrator does not want. Raises HTTPError 404."""
        self._check_kernel_id(kernel_id)
        self.end_saying(kernel_id, "The kernel was ended by an administrator.")

    def start_watching_activity(self, kernel_id: str) -> None:
        """Watch the states of a kernel, and not all that it prints."""
        super().start_watching_activity(kernel_id)  # type: ignore[no-untyped-call]
        kernel: Any = self.get_kernel(kernel_id)
        socket = kernel._activity_stream.socket
        socket.setsockopt(zmq.SUBSCRIBE, b"kernel.")
        socket.setsockopt(zmq.UNSUBSCRIBE, b"")

    def desk(self, kernel_id: str) -> Desk:
        """Return the folder of one kernel."""
        return Desk(Path(self.desks_folder) / kernel_id)

    def template_desk(self, key: str) -> Desk:
        """Return the folder of a notebook's template."""
        return Desk(Path(self.desks_folder).with_name("templates") / key)

    def renew_token(self, kernel_id: str, token: str) -> None:
        """Replace a kernel's token; raises HTTPError 404 when there is no such kernel."""
        self._check_kernel_id(kernel_id)
        self._tokens[kernel_id].write(token)

    def remove_kernel(self, kernel_id: str) -> Any:
        """Forget a kernel that ended, however it ended, and remove its folder."""
        self._ends.pop(kernel_id, None)
        self._watched.pop(kernel_id, None)
        removed = super().remove_kernel(kernel_id)
        self._clear(kernel_id)
        code = None if removed is None or removed.shutting_down else exit_code(removed)
        if code is not None and kernel_id not in self.endings:
            self.endings[kernel_id] = of_exit(code, self.limits)
            self.log.warning("Kernel %s: %s", kernel_id, self.endings[kernel_id])
        if limit := passed(code):
            ENDED.labels(limit).inc()
        return removed

    def _clear(self, kernel_id: str) -> None:
        """Let go of all that was made for a kernel."""
        if (held := self._tokens.pop(kernel_id, None)) is not None:
            held.close()
        self.desk(kernel_id).close()

    def _check_kernel_id(self, kernel_id: str) -> None:
        """Raise HTTPError 404 for a kernel that is not here, with why it ended where that is known."""
        if kernel_id not in self:
            raise HTTPError(404, self.endings.get(kernel_id, "There is no such kernel here."))

    def _refuse_unknown(self, name: str) -> None:
        if name != KERNEL_NAME:
            raise HTTPError(404, f"There is no kernel {name!r} here; the one there is is {KERNEL_NAME!r}.")

    def _refuse_excess(self) -> None:
        if len(self) + self._starting >= self.max_kernels:
            REFUSED.inc()
            raise HTTPError(
                429,
                f"This class already runs {self.max_kernels} kernels, which is its limit. "
                "Try again when one has ended; an administrator can raise the limit.",
            )
