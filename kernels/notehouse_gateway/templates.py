"""The templates of one server process: which there are, which may stay, and a fork of one for whoever asks."""

from __future__ import annotations

import asyncio
import logging
import os
import site
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from traitlets import Bool, Float
from traitlets.config import SingletonConfigurable

from notehouse_gateway.environment import kernel_environment
from notehouse_gateway.template.wire import ForkOrder
from notehouse_gateway.template_process import CannotFork, Forked, TemplateProcess

Places = tuple[tuple[str, int], ...]

log = logging.getLogger(__name__)


class ImportTemplate:
    """A template that has the usual libraries imported, started before anybody needs it."""

    def __init__(self, environment: Mapping[str, str], cwd: str) -> None:
        self._environment, self._cwd = environment, cwd
        self._starting: TemplateProcess | None = None
        self._process: TemplateProcess | None = None
        self._why_not = "its template was never asked for"
        self._places: Places = ()
        self._settled = threading.Event()

    def warm(self, seconds: float) -> None:
        """Begin to make it ready, unless it is or somebody has begun already.

        To be called in a thread that lives as long as the process: the system ties the template to it.
        """
        fresh = self._process is not None and self._process.alive and self._places == importable()
        if fresh or self._starting is not None:
            return
        self._process, self._why_not, self._places = None, "its template is being prepared", importable()
        self._settled.clear()
        self._starting = TemplateProcess(self._environment, self._cwd)
        threading.Thread(target=self._finish, args=(self._starting, seconds), daemon=True).start()

    def _finish(self, process: TemplateProcess, seconds: float) -> None:
        try:
            obstacles = process.imported(seconds)
        except CannotFork as failure:
            obstacles = [str(failure)]
        if obstacles:
            process.stop()
            self._why_not = f"its template cannot be forked: {', '.join(obstacles)}"
            log.warning("Kernels start the slow way, %s", self._why_not)
        else:
            self._process = process
            log.info("Kernels start by fork of process %d", process.process.pid)
        self._starting = None
        self._settled.set()

    def fork(self, order: ForkOrder, patience: float) -> Forked:
        """Return a kernel, after `patience` seconds at most for the template to be ready. Raises CannotFork."""
        self._settled.wait(patience)
        process = self._process
        if process is None:
            raise CannotFork(self._why_not)
        if self._places != importable():
            raise CannotFork("what can be imported has changed since its template was made")
        return process.fork(order)

    def stop(self) -> None:
        """End it and its kernels."""
        for process in (self._process, self._starting):
            if process is not None:
                process.stop()
        self._process = None


class Templates(SingletonConfigurable):
    """All templates of this process."""

    enabled = Bool(False, help="Start kernels by fork, where that is possible").tag(config=True)
    patience = Float(0.0, help="How long a kernel waits for a template that is being prepared").tag(
        config=True
    )
    import_seconds = Float(120.0, help="How long the imports of a template may take").tag(config=True)

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._usual: ImportTemplate | None = None

    def begin(self, environment: Mapping[str, str] | None = None, cwd: str | None = None) -> None:
        """Start kernels by fork from now on, from templates with this environment (default: this process's)."""
        if not possible():
            log.warning("Kernels start the slow way: this system does not offer what forking them needs")
            return
        self.enabled = True
        given = kernel_environment(os.environ if environment is None else environment)
        self._usual = ImportTemplate(given, cwd or str(Path.home()))
        self._usual.warm(self.import_seconds)

    async def fork(self, order: ForkOrder) -> Forked:
        """Return a kernel that can be connected to. Raises CannotFork, with the reason."""
        usual = self._usual
        if usual is None:
            raise CannotFork("this process keeps no templates")
        try:
            return await asyncio.to_thread(usual.fork, order, self.patience)
        except CannotFork:
            usual.warm(self.import_seconds)
            raise

    def end(self) -> None:
        """End all templates, and the kernels that were forked from them."""
        self.enabled = False
        if self._usual is not None:
            self._usual.stop()
            self._usual = None


def possible() -> bool:
    """Tell whether this system has handles of processes and ties children to parents: Linux does."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open")


def importable() -> Places:
    """Return where packages are installed, and when one was last."""
    places = (*site.getsitepackages(), site.getusersitepackages())
    return tuple((place, _changed(place)) for place in places)


def _changed(place: str) -> int:
    try:
        return Path(place).stat().st_mtime_ns
    except OSError:
        return 0
