"""The templates of one server process: which there are, which may stay, and a fork of one for whoever asks."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import site
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from jupyter_core.paths import jupyter_runtime_dir
from traitlets import Bool, Float, Integer, Unicode
from traitlets.config import SingletonConfigurable

from notehouse_gateway import memory, sockets
from notehouse_gateway.demand import Demand
from notehouse_gateway.desk import Desk
from notehouse_gateway.enclosure import CannotCut, Enclosure, enclosure
from notehouse_gateway.environment import kernel_environment
from notehouse_gateway.limits import KernelLimits
from notehouse_gateway.notebook_template import NotebookOrder, NotebookTemplate
from notehouse_gateway.series import EVICTED, FORKS, HITS, NOT_FORKED, TEMPLATES, WARM
from notehouse_gateway.template import namespaces, own_table, places, strays, trial
from notehouse_gateway.template.wire import ForkOrder
from notehouse_gateway.template_process import CannotFork, Forked, TemplateProcess

STRAY_SECONDS = 3.0
MOST_DESCRIPTORS = 8192
Places = tuple[tuple[str, int], ...]

log = logging.getLogger(__name__)


class ImportTemplate:
    """A template that has the usual libraries imported, started before anybody needs it."""

    def __init__(self, environment: Mapping[str, str], cwd: str, enclosure: Enclosure | None = None) -> None:
        self._environment, self._cwd, self._enclosure = environment, cwd, enclosure
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
        self._starting = TemplateProcess.start(self._environment, self._cwd, self._enclosure)
        threading.Thread(target=self._finish, args=(self._starting, seconds), daemon=True).start()

    @property
    def warmed(self) -> bool:
        """Tell whether it is ready."""
        return self._process is not None and self._process.alive

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

    def ready(self, patience: float) -> TemplateProcess:
        """Return the process, after `patience` seconds at most. Raises CannotFork."""
        self._settled.wait(patience)
        if self._process is None:
            raise CannotFork(self._why_not)
        if self._places != importable():
            raise CannotFork("what can be imported has changed since its template was made")
        return self._process

    def fork(self, order: ForkOrder, patience: float, token: int | None) -> Forked:
        """Return a kernel. Raises CannotFork."""
        return self.ready(patience).fork(order, token)

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
    cut_network = Bool(False, help="Let kernels reach the query gateway and the API alone").tag(config=True)
    own_folder = Unicode("", help="With the network cut: the one folder that kernels write to").tag(
        config=True
    )
    processes = Integer(0, min=0, help="How many processes and threads a kernel may have; 0: any").tag(
        config=True
    )
    import_seconds = Float(120.0, help="How long the imports of a template may take").tag(config=True)

    memory_megabytes = Integer(1536, help="How much templates of notebooks may hold together").tag(
        config=True
    )
    most_notebooks = Integer(48, help="How many templates of notebooks may be kept").tag(config=True)
    unused_seconds = Float(900.0, help="How long a notebook's template is kept without use").tag(config=True)
    longest_unused_seconds = Float(4 * 3600.0, help="The same for one that is asked for now and again").tag(
        config=True
    )

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._usual: ImportTemplate | None = None
        self.enclosure: Enclosure | None = None
        self._notebooks: dict[str, NotebookTemplate] = {}
        self._demand = Demand(self.unused_seconds, self.longest_unused_seconds)
        self.limits = KernelLimits()  # of a notebook's template and, with it, of the kernels forked from it
        TEMPLATES.set_function(lambda: len(self._notebooks))
        WARM.set_function(lambda: self.warm)

    def begin(self, environment: Mapping[str, str] | None = None, cwd: str | None = None) -> None:
        """Start kernels by fork from now on, from templates with this environment (default: this process's)."""
        if not possible():
            log.warning("Kernels start the slow way: this system does not offer what forking them needs")
            return
        self.enabled = True
        allow_descriptors()
        given = kernel_environment(os.environ if environment is None else environment)
        self._close_in(given)
        self._usual = ImportTemplate(given, cwd or str(Path.home()), self.enclosure)
        self._usual.warm(self.import_seconds)

    def _close_in(self, environment: Mapping[str, str]) -> None:
        """Find out which walls this machine can put around kernels, and say which it cannot."""
        if self.cut_network:
            self._cut(environment)
        # A notebook's template has a namespace in this one, its kernels each one in that.
        outer = [namespaces.NEW_NETWORK] if self.enclosure is not None else []
        if self.processes and (why := trial.why_not(*outer, 0, 0)) is not None:
            self.log.warning("Kernels are not closed to each other, nor their processes counted: %s", why)
            self.processes = 0

    def _cut(self, environment: Mapping[str, str]) -> None:
        try:
            self.enclosure = enclosure(environment)
        except CannotCut as reason:
            self.log.warning("Kernels keep the network of their server: %s", reason)
        else:
            self.log.info("Kernels reach %s and nothing else", ", ".join(self.enclosure.addresses))
            if self.own_folder:
                self._keep_writes(self.enclosure)
            self._keep_processes(self.enclosure)

    def _keep_writes(self, enclosure: Enclosure) -> None:
        kinds = namespaces.NEW_NETWORK | places.NEW_MOUNTS | places.NEW_IPC
        if (why := trial.why_not(kinds)) is not None:
            self.log.warning("Kernels write where others read, /tmp and shared memory say: %s", why)
            return
        scratch, runtime = Path(self.own_folder) / "scratch", Path(jupyter_runtime_dir())
        for folder in (scratch, runtime):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        enclosure.writable = [str(scratch), self.own_folder, str(runtime), str(sockets.folder())]
        self.log.info("Kernels write to %s and nowhere else", self.own_folder)

    def _keep_processes(self, enclosure: Enclosure) -> None:
        why = trial.why_not(namespaces.NEW_NETWORK | places.NEW_MOUNTS | own_table.NEW_TABLE)
        if why is not None:
            self.log.warning("What a kernel sends off may outlive a server that is killed: %s", why)
        enclosure.own_table = why is None

    @property
    def warm(self) -> bool:
        """Tell whether the usual libraries are imported, so that a kernel is a fork."""
        return self._usual is not None and self._usual.warmed

    @property
    def usual_pid(self) -> int:
        """The process that has the usual libraries imported. Raises CannotFork while there is none."""
        return self._kept().ready(0).process.pid

    def end_strays(self, kernels: Iterable[int]) -> None:
        """End what kernels had sent off before their template was killed, where no table of processes sees to it."""
        if self.enclosure is None or not self.enclosure.own_table:
            processes = [one.process for one in self._notebooks.values() if one.process is not None]
            own = [one.process.pid for one in processes]
            strays.end_foreign([*kernels, *own], STRAY_SECONDS)

    def notebook(self, key: str) -> NotebookTemplate | None:
        """Return a notebook's template, if there is one of use."""
        found = self._notebooks.get(key)
        if found is not None and not found.alive:
            self._forget(key)
            return None
        if found is not None:
            found.used = time.monotonic()
        return found

    def kept(self) -> list[tuple[str, NotebookTemplate]]:
        """Return the notebooks' templates, the one used last first."""
        return sorted(self._notebooks.items(), key=lambda item: -item[1].used)

    def prepare(self, key: str, order: NotebookOrder, desk: Desk) -> NotebookTemplate:
        """Begin to make a notebook's template, once however many ask. Raises CannotFork where there are none."""
        self._demand.asked(key)
        if (found := self.notebook(key)) is not None:
            if found.state != "failed":
                HITS.inc()
                return found
            self._forget(
                key
            )  # whoever asks anew may have better luck: what failed may have been the data's source
        usual = self._kept()
        self.tidy(room_for_one=True)
        desk.close()
        desk.open()
        environment = kernel_environment({**os.environ, **desk.environment(order.seed)})
        made = self._notebooks[key] = NotebookTemplate(desk, order, environment, self.limits)
        threading.Thread(target=self._prepare, args=(usual, made), daemon=True).start()
        return made

    def _prepare(self, usual: ImportTemplate, made: NotebookTemplate) -> None:
        try:
            process = usual.ready(self.import_seconds)
        except CannotFork as refusal:
            made.state, made.obstacles = "unforkable", [str(refusal)]
            made.settled.set()
        else:
            made.prepare(process)

    def tidy(self, *, room_for_one: bool = False) -> None:
        """End the templates that have waited longer than they are kept for; of too many or too large ones the next too."""
        waited = {key: self._waited(key, one) for key, one in self._notebooks.items()}
        for key in sorted(waited, key=lambda one: -waited[one]):
            crowded = len(self._notebooks) > self.most_notebooks - room_for_one
            if (crowded or waited[key] > 1 or self._too_large()) and self._notebooks[key].idle():
                EVICTED.inc()
                self._forget(key)

    def _waited(self, key: str, one: NotebookTemplate) -> float:
        """Return for which part of the time that it is kept a template has not been used."""
        return (time.monotonic() - one.used) / self._demand.kept_seconds(key)

    def let_go(self, key: str) -> bool:
        """End a notebook's template; False where that would end a kernel, or it is being prepared."""
        if not self._notebooks[key].idle():
            return False
        self._forget(key)
        return True

    def _too_large(self) -> bool:
        pids = [one.process.process.pid for one in self._notebooks.values() if one.process is not None]
        return sum(memory.private_megabytes(pid) for pid in pids) > self.memory_megabytes

    def _forget(self, key: str) -> None:
        self._notebooks.pop(key).stop()

    def _kept(self) -> ImportTemplate:
        if self._usual is None:
            raise CannotFork("this process keeps no templates")
        return self._usual

    async def fork_notebook(self, order: ForkOrder, key: str, token: int | None = None) -> Forked:
        """Return a kernel that goes on where a notebook has ended. Raises CannotFork."""
        found = self.notebook(key)
        if found is None or found.process is None or found.state != "ready":
            NOT_FORKED.labels("notebook").inc()
            raise CannotFork("there is no template of this notebook")
        self._demand.asked(key)
        with FORKS.labels("notebook").time():
            return await asyncio.to_thread(found.process.fork, order, token)

    async def fork(self, order: ForkOrder, token: int | None = None) -> Forked:
        """Return a kernel that can be connected to, with the token that a descriptor holds.

        Raises CannotFork, with the reason.
        """
        usual = self._kept()
        try:
            with FORKS.labels("imports").time():
                return await asyncio.to_thread(usual.fork, order, self.patience, token)
        except CannotFork:
            NOT_FORKED.labels("imports").inc()
            usual.warm(self.import_seconds)
            raise

    def end(self) -> None:
        """End all templates, and the kernels that were forked from them."""
        self.enabled = False
        for key in list(self._notebooks):
            self._forget(key)
        if self._usual is not None:
            self._usual.stop()
            self._usual = None
        if self.enclosure is not None:
            self.enclosure.close()
            self.enclosure = None


def allow_descriptors() -> None:
    """Let this process open what its kernels need: a kernel and a client take 26, a shell often allows 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft not in (resource.RLIM_INFINITY, hard) and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


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
