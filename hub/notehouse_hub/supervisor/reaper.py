"""How is it made sure that no process stays behind?

The supervisor is a *subreaper*: whatever its processes start and abandon (the servers that the Hub spawns
live in sessions of their own and outlive it) becomes its own child, so that all it ever caused is found
below it.
"""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Collection, Iterable, Mapping

from notehouse_hub.supervisor import process_table
from notehouse_hub.supervisor.process_table import Entry

_PR_SET_CHILD_SUBREAPER = 36
_GLANCE = 0.05  # seconds


def become_subreaper() -> bool:
    """Make orphans below us our own children; say whether this system can (Linux)."""
    if sys.platform != "linux":
        return False
    return bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


class Reaper:
    """Collects the exit of adopted children; those that asyncio waits for itself are left to it."""

    def __init__(self) -> None:
        self._seen: set[tuple[int, int]] = set()

    def collect(self, own: Collection[int], table: Mapping[int, Entry]) -> None:
        """Reap the adopted zombies of a table of processes.

        Only those seen twice: a child that died while it was being started is not in `own` yet.
        """
        zombies = [
            entry
            for entry in table.values()
            if entry.zombie and entry.parent == os.getpid() and entry.pid not in own
        ]
        for entry in zombies:
            if entry.identity in self._seen:
                _reap(entry.pid)
        self._seen = {entry.identity for entry in zombies}


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def alive(entries: Iterable[Entry]) -> list[Entry]:
    """Return those that still run and are still the same process."""
    now = [(entry, process_table.read(entry.pid)) for entry in entries]
    return [
        entry for entry, current in now if current and not current.zombie and current.started == entry.started
    ]


def send(entries: Iterable[Entry], number: signal.Signals) -> None:
    """Signal processes, each checked to be the one that is meant; those of others' are left alone."""
    for entry in alive(entries):
        try:
            os.kill(entry.pid, number)
        except ProcessLookupError:
            continue
        except PermissionError:
            continue  # set-uid programs and the like: not ours to end


async def end(entries: list[Entry], patience: float) -> list[Entry]:
    """Ask processes to end, wait `patience` seconds, then kill them; return those that even then remain."""
    send(entries, signal.SIGTERM)
    left = await _wait_for(entries, patience)
    send(left, signal.SIGKILL)
    return await _wait_for(left, patience=2)


async def _wait_for(entries: list[Entry], patience: float) -> list[Entry]:
    """Wait until they have ended; processes that are not our children can only be looked at again."""
    left = alive(entries)
    for _ in range(round(patience / _GLANCE)):
        if not left:
            break
        await asyncio.sleep(_GLANCE)
        left = alive(left)
    return left


async def end_descendants(patience: float, spare: Collection[int] = ()) -> list[Entry]:
    """End all that is below this process but `spare`, also what is started meanwhile."""
    for _ in range(5):
        table = process_table.everything()
        spared = {*spare, *(entry.pid for entry in process_table.descendants(spare, table))}
        below = [
            e for e in process_table.descendants([os.getpid()], table) if e.pid not in spared and not e.zombie
        ]
        if not below:
            return []
        await end(below, patience)
    return alive(below)
