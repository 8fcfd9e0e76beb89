"""Ends what a kernel had started in a session of its own, and left behind when it ended."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
_STARTED = 19  # place in /proc/PID/stat behind the name and its bracket
_libc = ctypes.CDLL(None, use_errno=True)


def adopt() -> None:
    """Become the parent of whatever loses its own below this process, where the system can do so."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end(kernels: Iterable[int]) -> None:
    """End children that are no kernels and no longer belong to one that lives.

    Kernels are told apart by their user namespaces; what is in this process's own stays, as nobody can say whose it is.
    """
    living = set(kernels)
    lost = [pid for pid in _children() if pid not in living]
    if not lost:
        return
    known = {_namespace(pid) for pid in (os.getpid(), *living)}
    for pid in lost:
        with suppress(ChildProcessError, ProcessLookupError):
            if os.waitpid(pid, os.WNOHANG)[0] == 0 and _namespace(pid) not in known:
                os.kill(pid, signal.SIGKILL)  # when it has ended, what it leaves comes here too


def end_foreign(known: Iterable[int], older_than: float) -> None:
    """End children in namespaces that no known process is in: what a template had adopted before it was killed.

    Younger ones, in seconds, are spared: they may become known.
    """
    living = {os.getpid(), *known}
    namespaces = {None, *map(_namespace, living)}
    for pid in _children():
        if pid not in living and _namespace(pid) not in namespaces and _age(pid) > older_than:
            with suppress(ChildProcessError, ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, os.WNOHANG)


def _age(pid: int) -> float:
    """Return for how many seconds a process has been there; 0 when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(stat[_STARTED]) / os.sysconf("SC_CLK_TCK")


def _children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def _namespace(pid: int) -> str | None:
    try:
        return os.readlink(f"/proc/{pid}/ns/user")
    except OSError:
        return None
