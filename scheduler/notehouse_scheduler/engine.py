"""papermill's engine of ours: drives a kernel at a class's gateway, and keeps what it has at every step."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager

from notehouse_core.remote_kernel import RemoteKernelManager
from notehouse_scheduler.order import OutputLimits, Progress
from notehouse_scheduler.output_limits import Message, OutputMeter

KERNEL_NAME = "notehouse"
LANGUAGE = "python"

_SAVE_EVERY = 1.0  # seconds between two savings
_SAVE_SHARE = 10  # a saving that takes long makes the next one wait so many times as long
_LATE_OUTPUT = 60  # seconds that output may come after the cell that wrote it


class RunManager(NotebookExecutionManager):  # type: ignore[misc]
    """Follows the execution cell by cell: saves to a local file (always a whole one), tells the progress."""

    def __init__(self, nb: Any, output: Path, tell: Callable[[Progress], None]) -> None:
        super().__init__(nb, progress_bar=False, autosave_cell_every=2)
        self.running: Any = None
        self._output = output
        self._tell = tell
        self._done = 0
        self._saved_at = float("-inf")
        self._saving_took = 0.0

    def cell_start(self, cell: Any, cell_index: int | None = None, **kwargs: Any) -> None:
        """Note which cell runs."""
        self.running = cell
        super().cell_start(cell, cell_index, **kwargs)
        self._report(cell)

    def cell_complete(self, cell: Any, cell_index: int | None = None, **kwargs: Any) -> None:
        """Count a cell that ended, well or not."""
        super().cell_complete(cell, cell_index, **kwargs)
        self._done += is_counted(cell)
        self._report(cell)

    def notebook_complete(self, **kwargs: Any) -> None:
        """Save the whole notebook at the end, whatever ended it."""
        self._saved_at = float("-inf")
        super().notebook_complete(**kwargs)

    def save(self, **kwargs: Any) -> None:
        """Save the notebook as it is now, unless that was done a moment ago."""
        began = time.monotonic()
        if began - self._saved_at < max(_SAVE_EVERY, _SAVE_SHARE * self._saving_took):
            return
        write_whole(self._output, nbformat.writes(self.nb))  # type: ignore[no-untyped-call]
        self._saved_at = time.monotonic()
        self._saving_took = self._saved_at - began
        self.last_save_time = self.now()

    def _report(self, cell: Any) -> None:
        total = sum(is_counted(each) for each in self.nb.cells)
        self._tell(Progress(self._done, total, number_of(self.nb, cell)))


class LimitedClient(PapermillNotebookClient):  # type: ignore[misc]
    """nbclient's client, with a meter on what a notebook writes."""

    def __init__(self, manager: RunManager, limits: OutputLimits, **options: Any) -> None:
        super().__init__(manager, **options)
        self._meter = OutputMeter(limits)

    def output(self, outs: Any, msg: Message, display_id: str | None, cell_index: int) -> Any:
        """Keep an output as far as it fits."""
        admitted = self._meter.admit(msg, cell_index)
        return None if admitted is None else super().output(outs, admitted, display_id, cell_index)

    def process_message(self, msg: Message, cell: Any, cell_index: int) -> Any:
        """Take a message of the kernel; a replacement that is too large leaves what was there."""
        if msg["msg_type"] == "update_display_data" and not self._meter.fits_alone(msg):
            return None
        return super().process_message(msg, cell, cell_index)

    def clear_output(self, outs: Any, msg: Message, cell_index: int) -> None:
        """Forget the output of a cell."""
        self._meter.cleared(cell_index)
        super().clear_output(outs, msg, cell_index)

    def handle_comm_msg(self, outs: Any, msg: Message, cell_index: int) -> None:
        """Keep the state of widgets as far as it fits."""
        if self._meter.admit_widget(msg):
            super().handle_comm_msg(outs, msg, cell_index)


class GatewayEngine(Engine):  # type: ignore[misc]
    """The engine `notehouse`: `kernel` is started already and stays its starter's to stop."""

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str | None, **options: Any) -> Any:
        """Execute a notebook that papermill has put the parameters in."""
        # papermill notes where a notebook came from, which here is the notebook itself
        nb.metadata.papermill.pop("input_path", None)
        manager = RunManager(nb, options["file"], options["tell"])
        options["started"](manager)
        manager.notebook_start()
        try:
            cls.execute_managed_notebook(manager, KERNEL_NAME, **options)
        finally:
            manager.notebook_complete()
        return manager.nb

    @classmethod
    def execute_managed_notebook(cls, nb_man: RunManager, kernel_name: str, **options: Any) -> None:
        """Drive the kernel through the cells; raises what nbclient raises."""
        kernel: RemoteKernelManager = options["kernel"]
        LimitedClient(
            nb_man,
            options["limits"],
            km=kernel,
            kernel_name=kernel_name,
            timeout=options["cell_timeout"],
            startup_timeout=options["start_timeout"],
            iopub_timeout=_LATE_OUTPUT,
        ).execute()

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """Name the one kernel there is, whatever the notebook asks for."""
        return KERNEL_NAME

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """Name the language that parameters are written in."""
        return LANGUAGE


def is_counted(cell: Any) -> bool:
    """Say whether a cell counts for the progress: code of the author's that does something."""
    return cell.cell_type == "code" and not is_injected(cell) and bool(cell.source.strip())


def is_injected(cell: Any) -> bool:
    """Say whether a cell holds the parameters of this run, and is none of the author's."""
    return "injected-parameters" in cell.metadata.get("tags", [])


def number_of(nb: Any, cell: Any) -> int | None:
    """Return a cell's place among the author's cells, from one; None for the parameters of the run."""
    authors = [each for each in nb.cells if not is_injected(each)]
    return next((place for place, each in enumerate(authors, start=1) if each is cell), None)


def write_whole(path: Path, text: str) -> None:
    """Replace a file so that whoever reads it finds the old or the new, never a half."""
    draft = path.with_name(path.name + ".part")
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, path)
