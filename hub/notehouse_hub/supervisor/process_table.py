"""Which processes are on this machine, who started whom, and is a number still the process we mean?

Read from /proc. On a system without it the table is empty, and only processes we started ourselves are
known.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class Entry:
    """One process; `started` (clock ticks since boot) tells it from a later one with the same number."""

    pid: int
    parent: int
    session: int
    started: int
    zombie: bool

    @property
    def identity(self) -> tuple[int, int]:
        """What names this process and no other until the machine starts again."""
        return (self.pid, self.started)


def read(pid: int) -> Entry | None:
    """Return one process, or None when it is gone."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name stands in brackets and may hold anything, brackets included.
    words = text[text.rindex(")") + 2 :].split()
    return Entry(pid, int(words[1]), int(words[3]), int(words[19]), words[0] == "Z")


def everything() -> dict[int, Entry]:
    """Return all processes by pid."""
    if not _PROC.is_dir():
        return {}
    found = (read(int(name)) for name in os.listdir(_PROC) if name.isdigit())
    return {entry.pid: entry for entry in found if entry}


def descendants(roots: Iterable[int], table: dict[int, Entry] | None = None) -> list[Entry]:
    """Return every process below the given ones (not those themselves), parents before children."""
    table = everything() if table is None else table
    children: dict[int, list[Entry]] = {}
    for entry in table.values():
        children.setdefault(entry.parent, []).append(entry)
    found: list[Entry] = []
    waiting = list(roots)
    while waiting:
        below = children.get(waiting.pop(0), [])
        found += below
        waiting += [entry.pid for entry in below]
    return found
