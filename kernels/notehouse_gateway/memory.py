"""How much do a process and all that it started hold, and how long did they compute? As Linux counts it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MEBIBYTE = 2**20
_TICKS = os.sysconf("SC_CLK_TCK")
_UTIME, _CSTIME = 11, 14  # places in /proc/PID/stat behind the name and its bracket


@dataclass(frozen=True)
class Use:
    """What a process and its descendants use together; `proportional_bytes` has their part of what is shared (PSS)."""

    processes: int = 0
    private_bytes: int = 0
    proportional_bytes: int = 0
    cpu_seconds: float = 0.0


def use_of(pids: Iterable[int]) -> Use:
    """Return what these processes and all that they started use; those that have ended use nothing."""
    found = [one for pid in pids for one in tree(pid)]
    parts = [_parts(pid) for pid in found]
    return Use(
        processes=len(found),
        private_bytes=sum(_private(one) for one in parts),
        proportional_bytes=sum(one.get("Pss", 0) for one in parts),
        cpu_seconds=round(sum(map(cpu_seconds, found)), 2),
    )


def tree(pid: int) -> list[int]:
    """Return a process and all its descendants, those that its threads started too; nothing when it has ended."""
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        try:
            tasks = os.listdir(f"/proc/{one}/task")
        except OSError:
            continue
        found.append(one)
        for task in tasks:
            waiting += _children(f"/proc/{one}/task/{task}/children")
    return found


def _children(listed: str) -> list[int]:
    try:
        return [int(one) for one in Path(listed).read_text().split()]
    except OSError:
        return []


def private_megabytes(pid: int) -> float:
    """Return what ends with one process; 0 when it has ended."""
    return _private(_parts(pid)) / MEBIBYTE


def proportional_megabytes(pid: int) -> float:
    """Return the same with its share of what is shared; 0 when it has ended."""
    return _parts(pid).get("Pss", 0) / MEBIBYTE


def _private(parts: dict[str, int]) -> int:
    return parts.get("Private_Clean", 0) + parts.get("Private_Dirty", 0)


def _parts(pid: int) -> dict[str, int]:
    """Return the sums of /proc/PID/smaps_rollup in bytes."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return {}
    return {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}


def cpu_seconds(pid: int) -> float:
    """Return the seconds that a process has computed, with those of children that it has waited for."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, stat[_UTIME : _CSTIME + 1])) / _TICKS
