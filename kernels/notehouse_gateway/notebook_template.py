"""A notebook that was run once for all who will look at it: each gets a kernel forked from where it ended."""

from __future__ import annotations

import json
import logging
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from notehouse_gateway.desk import Desk
from notehouse_gateway.held_token import HeldToken
from notehouse_gateway.limits import KernelLimits
from notehouse_gateway.series import PREPARED
from notehouse_gateway.template.wire import BranchOrder
from notehouse_gateway.template_process import CannotFork, TemplateProcess

State = Literal["preparing", "ready", "failed", "unforkable"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class NotebookOrder:
    """What a caller asks for: a notebook, with which token and seed it runs, and how long a cell may take."""

    notebook: dict[str, Any]
    token: str = field(repr=False)
    seed: str | None = None
    cell_timeout: float = 600.0


@dataclass
class NotebookTemplate:
    """One notebook's template, from the order to its end."""

    desk: Desk
    order: NotebookOrder
    environment: dict[str, str] = field(repr=False)
    limits: KernelLimits
    state: State = "preparing"
    done: int = 0
    total: int = 0
    failure: dict[str, Any] | None = None
    obstacles: list[str] = field(default_factory=list)
    used: float = field(default_factory=time.monotonic)
    process: TemplateProcess | None = None
    held: HeldToken = field(init=False)
    settled: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.held = HeldToken(self.order.token)

    @property
    def executed(self) -> Path:
        """The notebook with its outputs, once it has run."""
        return self.desk.folder / "executed.ipynb"

    @property
    def alive(self) -> bool:
        """Tell whether it is of use: being prepared, or its outcome known and its process there."""
        return self.state != "ready" or (self.process is not None and self.process.alive)

    def prepare(self, usual: TemplateProcess) -> None:
        """Run the notebook in a fork of the usual template; waits for its end, and never raises."""
        try:
            self._run(usual)
        except TimeoutError:
            message = f"The cell ran longer than {self.order.cell_timeout:g} seconds."
            self._fail("CellTimeout", message)
        except CannotFork:
            self._fail(
                "KernelDied", "The process that ran this cell ended; most often it needed too much memory."
            )
        finally:
            self.held.close()  # nobody asks for data in a template that waits
            if self.state != "ready" and self.process is not None:
                self.process.stop()
            PREPARED.labels(self.state).inc()
            self.settled.set()
            log.info("A template is %s: %s", self.state, ", ".join(self.obstacles) or "it can be forked")

    def _run(self, usual: TemplateProcess) -> None:
        source = self.desk.folder / "notebook.ipynb"
        source.write_text(json.dumps(self.order.notebook))
        order = BranchOrder(
            str(source), str(self.executed), self.environment, str(self.desk.folder), self.limits.processes
        )
        self.process = usual.branch(order, self.held.descriptor)
        self.limits.impose(self.process.process.pid)
        prepared = self.process.prepared(self.order.cell_timeout, self._tell)
        self.failure, self.obstacles = prepared.failure, prepared.obstacles
        self.state = "failed" if self.failure else "unforkable" if self.obstacles else "ready"

    def _tell(self, done: int, total: int) -> None:
        self.done, self.total = done, total

    def _fail(self, name: str, message: str) -> None:
        self.state = "failed"
        self.failure = {"cell": None, "name": name, "message": message}

    def model(self) -> dict[str, Any]:
        """Return what callers are told of it."""
        return {
            "state": self.state, "done": self.done, "total": self.total,
            "failure": self.failure, "obstacles": self.obstacles,
        }  # fmt: skip

    def idle(self) -> bool:
        """Tell whether no kernel of it lives, so that it can be ended without anybody's loss."""
        if self.state == "preparing":
            return False
        try:
            return self.process is None or not self.process.alive or not self.process.kernels()
        except CannotFork:
            return True

    def stop(self) -> None:
        """End it and its kernels, and remove its folder."""
        self.held.close()
        if self.process is not None:
            self.process.stop()
        self.desk.close()
