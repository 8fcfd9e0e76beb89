"""Looks at all processes once a second: for the table on a terminal, and for the file that other commands read."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Coroutine
from pathlib import Path

from notehouse_core.logs import scrub
from notehouse_hub.supervisor import logfile, process_table, status
from notehouse_hub.supervisor.caretaker import Caretaker
from notehouse_hub.supervisor.console import Console
from notehouse_hub.supervisor.platform import Platform
from notehouse_hub.supervisor.process import Process
from notehouse_hub.supervisor.status_table import table_of

EVERY = 1.0  # seconds
_LONGEST = 200  # characters of a message
# Colours, and the time and numbers with which engines begin a line.
_ADORNED = re.compile(r"\x1b\[[0-9;]*m|^[\d.:TZ -]{19,}(?:UTC )?(?:\[ *\d+ *\] )?(?:\{[^}]*\} )?")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Watchman:
    """Knows how every process of one platform is."""

    def __init__(self, platform: Platform, caretaker: Caretaker, console: Console) -> None:
        self._platform, self._caretaker, self._console = platform, caretaker, console
        self._file = status.StatusFile(platform.folders.data)
        self._since = status.now()
        self._told = False

    async def look(self) -> None:
        """Look once, and tell."""
        self.tell()

    def tell(self) -> None:
        """Write down and show how everything is at this moment."""
        seen = self._status()
        self._console.show(table_of(seen))
        try:
            self._file.write(seen)
        except OSError as error:
            if not self._told:
                self._console.warn(f"`notehouse status` will not know how things are: {error}")
            self._told = True

    async def until(self, ending: Coroutine[None, None, None]) -> None:
        """Look on until something has ended, then show nothing any more."""
        task = asyncio.create_task(ending)
        try:
            while not task.done():
                self.tell()
                await asyncio.wait({task}, timeout=EVERY / 4)
            task.result()
        finally:
            self._leave()

    def _leave(self) -> None:
        self._file.clear()
        self._console.show(None)

    def _status(self) -> status.Status:
        table = process_table.everything()
        return status.Status(
            supervisor=os.getpid(),
            port=self._platform.ports.public,
            url=self._platform.settings.base_url,
            since=self._since,
            processes=[_status_of(process, table) for process in self._caretaker.processes],
        )


def _status_of(process: Process, table: dict[int, process_table.Entry]) -> status.ProcessStatus:
    return status.ProcessStatus(
        name=process.spec.name,
        state=process.state,
        pid=process.pid,
        since=process.since,
        memory=_memory(process, table),
        restarts=process.restarts,
        message=process.message or last_line(process.spec.log),
    )


def _memory(process: Process, table: dict[int, process_table.Entry]) -> int | None:
    """Return the bytes of a process and of what belongs to it; the Hub's children are servers of people."""
    if process.pid is None:
        return None
    below = process_table.descendants([process.pid], table)
    mine = [one for one in below if process.spec.engine or one.session == process.pid]
    own = _pages(process.pid)
    return None if own is None else (own[0] + sum(_unshared(one.pid) for one in mine)) * _PAGE


def _unshared(pid: int) -> int:
    pages = _pages(pid)
    return pages[0] - pages[1] if pages else 0


def _pages(pid: int) -> tuple[int, int] | None:
    """Return resident and shared pages; None where that is not known."""
    try:
        words = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return None
    return (int(words[1]), int(words[2])) if len(words) > 2 else None


def last_line(log: Path) -> str:
    """Return the last thing that a process has written, without the facts around it."""
    line = logfile.tail(log, lines=1).strip()
    try:
        content = json.loads(line)
        line = str(content["message"])
    except (ValueError, KeyError, TypeError):
        pass
    return scrub(_ADORNED.sub("", line.splitlines()[0] if line else ""))[:_LONGEST]
