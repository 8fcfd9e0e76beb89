"""Who looks after the running processes as a whole: reaping, remembering, and stopping them in order?"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine

from notehouse_hub.supervisor import process_table, reaper
from notehouse_hub.supervisor.console import Console
from notehouse_hub.supervisor.leftovers import Register
from notehouse_hub.supervisor.process import Process

_EVERY = 0.3  # seconds
_SERVERS_PATIENCE = 5.0  # seconds that people's servers get to end their kernels


class Caretaker:
    """All processes of one platform, in the order in which they were started."""

    def __init__(self, register: Register, console: Console) -> None:
        self._register = register
        self._console = console
        self._reaper = reaper.Reaper()
        self._processes: list[Process] = []
        self._chores: list[asyncio.Task[None]] = []

    def add(self, process: Process) -> Process:
        """Take a process into care."""
        self._processes.append(process)
        return process

    def also(self, chore: Callable[[], Awaitable[None]], every: float = _EVERY) -> None:
        """Do something again and again for as long as the platform runs."""

        async def repeat() -> None:
            while True:
                await chore()
                await asyncio.sleep(every)

        self.keep(repeat())

    def keep(self, chore: Coroutine[None, None, None]) -> None:
        """Run something that ends only with the platform."""
        task = asyncio.create_task(chore)
        task.add_done_callback(self._report)
        self._chores.append(task)

    def _report(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self._console.warn(f"The supervisor stopped looking after something: {error!r}")

    @property
    def processes(self) -> list[Process]:
        """All that are in care."""
        return list(self._processes)

    def pids(self) -> set[int]:
        """Return the processes that asyncio itself waits for."""
        return {process.pid for process in self._processes if process.pid}

    async def watch(self) -> None:
        """Collect adopted children and remember what runs, until cancelled."""
        while True:
            table = process_table.everything()
            self._reaper.collect(self.pids(), table)
            self._register.write(table)
            await asyncio.sleep(_EVERY)

    async def stop_everything(self) -> None:
        """Stop services, then people's servers, then the engines, and then whatever is left."""
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        engines = [process for process in self._processes if process.spec.engine]
        await asyncio.gather(*(process.stop() for process in self._processes if not process.spec.engine))
        await reaper.end_descendants(_SERVERS_PATIENCE, spare={e.pid for e in engines if e.pid})
        await asyncio.gather(*(process.stop() for process in engines))
        await reaper.end_descendants(1.0)
