"""What do processes use? CPU seconds and memory, as /proc tells."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> Iterator[int]:
    """Yield a process and all its descendants."""
    parents = {
        int(place.name): int(_fields(int(place.name))[1] or 0) for place in Path("/proc").glob("[0-9]*")
    }
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += [child for child, parent in parents.items() if parent == one]


def command(pid: int) -> str:
    """Return the command line of a process, '' when it has ended."""
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds of a family so far, those of its dead members too."""
    return sum(sum(int(ticks) for ticks in _fields(one)[11:15]) for one in family(pid)) / _TICKS


def megabytes(pid: int) -> float:
    """Return the memory of one process, what it shares divided by who shares it (PSS)."""
    lines = (Path("/proc") / str(pid) / "smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


def _fields(pid: int) -> list[str]:
    """Return what /proc/PID/stat has behind the name: state, parent and so on; zeros when it has ended."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["0"] * 20
