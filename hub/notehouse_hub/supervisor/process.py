"""One supervised process: how it is started, known to be ready, brought back when it dies, and stopped."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from notehouse_hub.supervisor import health, logfile, process_table, status
from notehouse_hub.supervisor.as_user import as_user
from notehouse_hub.supervisor.backoff import Backoff
from notehouse_hub.supervisor.console import Console
from notehouse_hub.supervisor.errors import ProcessFailedError


@dataclass(frozen=True)
class Spec:
    """What must be known to run one process."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    folder: Path  # working directory
    log: Path
    uid: int | None = None  # None: the user we are
    groups: tuple[int, ...] = ()
    nice: bool = False  # it orders its own threads, where that can be given to it
    said: str = ""  # written to its standard input, for secrets that belong nowhere else
    ready: health.Probe = health.lives_on
    patience: float = 120.0  # seconds to become ready
    alive: health.Probe = health.lives_on  # asked as long as it runs
    hangs_after: float = 60.0  # seconds without a sign of life
    stop_signal: signal.Signals = signal.SIGTERM
    stop_patience: float = 10.0
    engine: bool = False  # stopped last: others need it to end well
    before_start: Callable[[], None] | None = None
    after_restart: Callable[[], Awaitable[None]] | None = None


@dataclass
class Process:
    """A process that is kept running until it is stopped."""

    spec: Spec
    console: Console
    backoff: Backoff = field(default_factory=Backoff)
    state: str = status.STARTING
    since: float | None = None  # when what runs was started, in Unix seconds
    restarts: int = 0
    message: str = ""  # what was last said of it, while that matters
    _child: asyncio.subprocess.Process | None = None
    _keeper: asyncio.Task[None] | None = None
    _stopping: bool = False
    _on_purpose: bool = False

    @property
    def pid(self) -> int | None:
        """The running process, if it runs."""
        child = self._child
        return child.pid if child and child.returncode is None else None

    async def start(self) -> float:
        """Start and wait until ready; return the seconds it took.

        Raises ProcessFailedError with the end of its log.
        """
        began = time.monotonic()
        logfile.rotate(self.spec.log)
        await self._spawn()
        if not await self._becomes_ready():
            why = self._why_not_ready()
            await self._end_child()
            raise ProcessFailedError(why)
        self.state = status.READY
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.spec.name}")
        return time.monotonic() - began

    async def stop(self) -> None:
        """Stop the process and no longer bring it back."""
        self._stopping = True
        self.state = status.STOPPING
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        await self._end_child()
        self.state, self.message = status.STOPPED, ""

    async def restart(self, reason: str) -> None:
        """End the process so that its keeper starts it anew at once."""
        self.console.say(f"  {self.spec.name:<16} is started again: {reason}")
        self._on_purpose, self.message = True, f"started again: {reason}"
        await self._end_child()

    async def _keep(self) -> None:
        while not self._stopping:
            child, began = self._child, time.monotonic()
            assert child is not None  # noqa: S101 - start() made it
            watch = asyncio.create_task(self._end_if_it_hangs(child))
            try:
                code = await child.wait()
            finally:
                watch.cancel()
            await self._after_death(code, lived=time.monotonic() - began)
            await self._bring_back()

    async def _end_if_it_hangs(self, child: asyncio.subprocess.Process) -> None:
        """Kill a process that runs but has given no sign of life for too long."""
        seen = time.monotonic()
        while time.monotonic() - seen < self.spec.hangs_after:
            await asyncio.sleep(self.spec.hangs_after / 12)
            if await self.spec.alive():
                seen = time.monotonic()
        self._say(f"has not answered for {self.spec.hangs_after:.0f} s and is killed")
        child.kill()

    async def _after_death(self, code: int, lived: float) -> None:
        if self._on_purpose:
            self._on_purpose = False
            return
        delay = self.backoff.delay(lived)
        self.state, self.message = status.WAITING, self.console.died(self.spec.name, code, delay)
        await asyncio.sleep(delay)

    async def _bring_back(self) -> None:
        began = time.monotonic()
        self.state, self.restarts = status.STARTING, self.restarts + 1
        try:
            await self._spawn()
        except OSError as error:
            self._say(f"cannot be started: {error}")
            return
        if not await self._becomes_ready():
            self._say(f"is not ready after its restart; see {self.spec.log}")
            return
        if self.spec.after_restart:
            await self.spec.after_restart()
        self.state = status.READY
        self.console.started(self.spec.name, time.monotonic() - began, again=True)

    def _say(self, what: str) -> None:
        self.message = what
        self.console.warn(f"{self.spec.name} {what}")

    async def _spawn(self) -> None:
        spec = self.spec
        self.since = status.now()
        if spec.before_start:
            spec.before_start()
        command, user = as_user(spec.command, spec.uid, spec.groups, nice=spec.nice)
        with spec.log.open("ab") as output:
            # A session of its own: Ctrl-C in the terminal is for the supervisor, which stops in order.
            self._child = await asyncio.create_subprocess_exec(
                *command, cwd=spec.folder, env=dict(spec.environment), umask=0o077,
                start_new_session=True,
                stdin=asyncio.subprocess.PIPE, stdout=output, stderr=output, **user,
            )  # fmt: skip
        assert self._child.stdin is not None  # noqa: S101 - asked for above
        if spec.said:
            self._child.stdin.write(f"{spec.said}\n".encode())
        self._child.stdin.close()

    async def _becomes_ready(self) -> bool:
        deadline = time.monotonic() + self.spec.patience
        while self.pid is not None and time.monotonic() < deadline:
            if await self.spec.ready():
                return True
            await asyncio.sleep(0.1)
        return False

    async def _end_child(self) -> None:
        child = self._child
        if child is None or child.returncode is not None:
            return
        child.send_signal(self.spec.stop_signal)
        try:
            await asyncio.wait_for(child.wait(), self.spec.stop_patience)
        except TimeoutError:
            self.console.warn(
                f"{self.spec.name} did not stop in {self.spec.stop_patience:.0f} s and was killed"
            )
            child.kill()
            await child.wait()

    def _why_not_ready(self) -> str:
        code = self._child.returncode if self._child else None
        what = (
            f"ended with code {code}" if code is not None else f"was not ready in {self.spec.patience:.0f} s"
        )
        return f"{self.spec.name} {what}. The end of {self.spec.log}:\n{logfile.tail(self.spec.log)}"

    def entry(self) -> process_table.Entry | None:
        """Return the process as the system knows it."""
        return process_table.read(self.pid) if self.pid else None
