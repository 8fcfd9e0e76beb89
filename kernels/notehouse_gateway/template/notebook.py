"""Runs a notebook in the template, and keeps its outputs and widgets as nbclient would have from a kernel."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import nbformat
from ipykernel.ipkernel import IPythonKernel
from nbclient import NotebookClient
from traitlets.config import Config
from traitlets.log import get_logger

from notehouse_gateway.template.fork_safety import threads
from notehouse_gateway.template.in_child import Borrowed
from notehouse_gateway.template.limit_error import name_limit
from notehouse_gateway.template.recorder import RecordedStream, RecordingSession
from notehouse_gateway.template.usual import FIGURES

EXTENSIONS = ("notehouse_gateway.comm_ids", "notehouse_sql")
SKIPPED, MAY_RAISE = "skip-execution", "raises-exception"


class TemplateKernel(IPythonKernel):
    """Stands where a kernel stands for what asks for one (widgets, displays); has no sockets."""


@dataclass
class Failure:
    """The cell that ended a notebook, counted from zero among all cells."""

    cell: int
    name: str
    message: str


class Loopback:
    """What nbclient answers for a page (outputs caught by a widget) goes to the comms of this process."""

    def __init__(self, comms: Any) -> None:
        self.session = RecordingSession()
        self.shell_channel = self
        self._comms = comms

    def send(self, message: dict[str, Any]) -> None:
        """Deliver a comm message."""
        self._comms.comm_msg(None, None, {"buffers": [], **message})


class RecordedNotebook:
    """A notebook whose cells have run in this process; their variables, widgets and magics live on in a fork."""

    def __init__(self) -> None:
        os.environ.setdefault("MPLBACKEND", FIGURES)
        self._session = RecordingSession()
        # A history would start a thread, and belong to all forks.
        config = Config({"HistoryManager": {"enabled": False}})
        kernel: Any = TemplateKernel.instance(
            config=config, session=self._session, iopub_socket=object(), log=get_logger()
        )
        self._kernel, self.shell = kernel, kernel.shell
        self.shell.kernel = kernel
        name_limit(self.shell)
        self.streams = [
            RecordedStream(name, self._session, self.shell.get_parent) for name in ("stdout", "stderr")
        ]
        self._session.streams = self.streams
        self.safe_threads = _few_threads()
        self._borrowed = Borrowed()
        for name in EXTENSIONS:
            self.shell.extension_manager.load_extension(name)

    def run(self, source: str, executed: str, tell: Callable[[int, int], None]) -> Failure | None:
        """Run the notebook of one file, and write it with its outputs into another."""
        notebook = nbformat.read(source, as_version=4)  # type: ignore[no-untyped-call]
        client = NotebookClient(notebook)
        client.kc = cast(Any, Loopback(self._kernel.comm_manager))
        sys.stdout, sys.stderr = self.streams
        try:
            failure = self._cells(client, notebook, tell)
        finally:
            sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
        client.set_widgets_metadata()
        notebook.metadata.language_info = self._kernel.language_info
        Path(executed).write_text(nbformat.writes(notebook))  # type: ignore[no-untyped-call]
        return failure

    def _cells(
        self, client: NotebookClient, notebook: Any, tell: Callable[[int, int], None]
    ) -> Failure | None:
        codes = [(place, cell) for place, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
        for done, (place, cell) in enumerate(codes, start=1):
            tags = cell.metadata.get("tags", [])
            if cell.source.strip() and SKIPPED not in tags:
                error = self._cell(client, place, cell)
                if error is not None and MAY_RAISE not in tags:
                    return Failure(place, type(error).__name__, str(error))
            tell(done, len(codes))
        return None

    def _cell(self, client: NotebookClient, place: int, cell: Any) -> BaseException | None:
        cell.outputs = []
        client.clear_before_next_output = False
        request = self._session.msg("execute_request", {"code": cell.source, "silent": False})
        self._kernel.set_parent([], request, channel="shell")
        result = self.shell.run_cell(cell.source, store_history=True)
        cell.execution_count = self.shell.execution_count - 1
        for message in self._session.take():
            client.process_message(message, cell, place)
        found: BaseException | None = result.error_before_exec or result.error_in_exec
        return found

    def rest(self) -> None:
        """Let a kernel take the place of this one."""
        TemplateKernel.clear_instance()

    def go_on_in(self, kernel: IPythonKernel) -> None:
        """Make shell, widgets and streams those of a kernel with sockets."""
        import comm

        self.shell.kernel = kernel
        for known in comm.get_comm_manager().comms.values():
            cast(Any, known).kernel = kernel
        for stream, real in zip(self.streams, (sys.stdout, sys.stderr), strict=True):
            stream.become = real
        self.shell.init_environment()
        self._borrowed.give_back()
        _all_threads()


def _few_threads() -> frozenset[int]:
    """Give Arrow one thread, and return which: it looks after it in forks itself, as it does not say of which it has."""
    arrow = sys.modules.get("pyarrow")
    if arrow is None:
        return frozenset()
    arrow.set_cpu_count(1)
    arrow.set_io_thread_count(1)
    before = threads()
    arrow.table({"a": [1, 2], "b": [1, 2]}).to_pandas(use_threads=True)
    return threads() - before


def _all_threads() -> None:
    if (arrow := sys.modules.get("pyarrow")) is not None:
        arrow.set_cpu_count(os.cpu_count() or 1)
        arrow.set_io_thread_count(8)
