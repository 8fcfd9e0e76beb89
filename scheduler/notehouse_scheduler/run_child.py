"""The process that executes one notebook: `python -m notehouse_scheduler.run_child`, the order on its input.

It ends when its input does: a worker that was killed leaves no notebook running.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn, TextIO

import httpx
import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError

from notehouse_core import log_context
from notehouse_core.logs import configure_logs
from notehouse_core.remote_kernel import RemoteKernelError, RemoteKernelManager
from notehouse_scheduler.engine import KERNEL_NAME, LANGUAGE, RunManager, is_injected, number_of
from notehouse_scheduler.order import MEBIBYTE, EventWriter, Order, RunError

START_TIMEOUT = 60
LONGEST_MESSAGE = 4000

log = logging.getLogger(__name__)

_MEMORY = 1536 * MEBIBYTE
_LAST_MOMENTS = 5.0  # seconds to save what there is when the worker is gone


class Stopped(KeyboardInterrupt):
    """Someone wants this execution to end now.

    A KeyboardInterrupt, because that is what asyncio lets through from wherever it strikes.
    """


class Execution:
    """One order being carried out; keeps what must be known when it fails."""

    def __init__(self, order: Order, events: EventWriter) -> None:
        self._order = order
        self._events = events
        self._manager: RunManager | None = None
        self._authors: list[bool] = []

    def run(self) -> None:
        """Execute the notebook, and tell why if it fails."""
        try:
            self._execute()
        except PapermillExecutionError as error:
            self._fail(error.ename, error.evalue, self._place(error.cell_index))
        except CellTimeoutError:
            seconds = self._order.cell_timeout
            self._fail("CellTimeout", f"The cell ran longer than {seconds} seconds.", self._running())
        except DeadKernelError:
            self._fail("KernelDied", self._why_ended(), self._running())
        except RemoteKernelError as error:
            self._fail("KernelGatewayError", str(error), self._running())
        except MemoryError:
            self._fail(
                "TooMuchOutput", "The output of this notebook does not fit in memory.", self._running()
            )

    def _execute(self) -> None:
        order = self._order
        notebook = nbformat.read(order.notebook, as_version=4)  # type: ignore[no-untyped-call]
        notebook.metadata.pop("papermill", None)
        kernel = self._kernel()
        # Notebook in, nothing out: papermill opens no path of its own, so none can be made up for it.
        papermill.execute_notebook(
            notebook,
            None,
            parameters=order.parameters,
            engine_name="notehouse",
            kernel_name=KERNEL_NAME,
            language=LANGUAGE,
            progress_bar=False,
            start_timeout=START_TIMEOUT,
            kernel=kernel,
            file=Path(order.output),
            limits=order.limits,
            cell_timeout=order.cell_timeout,
            tell=self._events.write,
            started=self._begin,
        )

    def _kernel(self) -> RemoteKernelManager:
        order = self._order
        return RemoteKernelManager(
            url=order.gateway_url, hub_token=order.hub_token, kernel_id=order.kernel_id
        )

    def _why_ended(self) -> str:
        return asyncio.run(self._asked_why()) or "The kernel died while it ran this cell."

    async def _asked_why(self) -> str:
        kernel = self._kernel()
        try:
            return await kernel.why_ended()
        except RemoteKernelError as error:
            return str(error)
        finally:
            await kernel.cleanup_resources()

    def _begin(self, manager: RunManager) -> None:
        self._manager = manager
        self._authors = [not is_injected(cell) for cell in manager.nb.cells]

    def _running(self) -> int | None:
        if self._manager is None or self._manager.running is None:
            return None
        return number_of(self._manager.nb, self._manager.running)

    def _place(self, index: int) -> int | None:
        """Translate papermill's position, which counts the cell that it injected, into the author's."""
        is_authors = index < len(self._authors) and self._authors[index]
        return sum(self._authors[: index + 1]) if is_authors else None

    def _fail(self, name: str, message: str, cell: int | None) -> None:
        self._events.write(RunError(cell, name, message[:LONGEST_MESSAGE]))


def main() -> None:
    """Read the order, carry it out."""
    events = EventWriter(_own_output())
    configure_logs("WARNING")
    _limit_resources()
    order = Order.load(sys.stdin.readline())
    log_context.begin(request_id=order.run, run=order.run)
    signal.signal(signal.SIGTERM, _stop)
    threading.Thread(target=_watch_worker, args=(order,), daemon=True).start()
    try:
        Execution(order, events).run()
    except Stopped:
        sys.exit(128 + signal.SIGTERM)


def _own_output() -> TextIO:
    """Keep the pipe to the worker for events; whatever else is printed goes to the log."""
    pipe = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return pipe


def _limit_resources() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = _MEMORY if hard == resource.RLIM_INFINITY else min(_MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _stop(*_: Any) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Stopped


def _watch_worker(order: Order) -> None:
    """Wait for the end of our input, which is the end of the worker; then end the kernel and ourselves."""
    sys.stdin.read()  # whoever would read what this process still saves is gone
    address = f"{order.gateway_url.rstrip('/')}/api/kernels/{order.kernel_id}?now=true"
    headers = {"Authorization": f"token {order.hub_token}", log_context.HEADER: order.run}
    try:
        httpx.delete(address, headers=headers, timeout=_LAST_MOMENTS, trust_env=False)
    except httpx.TransportError as error:
        log.warning("the kernel could not be stopped: %s", error)
    os._exit(1)


if __name__ == "__main__":
    main()
