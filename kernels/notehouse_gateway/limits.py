"""What a kernel may use of the machine. The system keeps the limits; whoever passes one ends alone."""

from __future__ import annotations

import resource
import signal
from dataclasses import dataclass
from pathlib import Path

MEBIBYTE = 2**20
GRACE = 10  # seconds between the signal that says why and the one that cannot be ignored


@dataclass(frozen=True)
class KernelLimits:
    """Limits of one kernel; 0 is none. Memory is what it may hold beyond what it starts with."""

    memory_megabytes: int = 0
    cpu_seconds: int = 0
    file_megabytes: int = 0
    processes: int = 0  # with its threads; kept by the kernel's own namespace, so not by `impose`

    def impose(self, pid: int) -> None:
        """Put a process, and all that it will start, under these limits; one that has ended is no error."""
        wanted = {
            resource.RLIMIT_DATA: self.memory_megabytes and _data(pid) + self.memory_megabytes * MEBIBYTE,
            resource.RLIMIT_CPU: self.cpu_seconds,
            resource.RLIMIT_FSIZE: self.file_megabytes * MEBIBYTE,
            resource.RLIMIT_CORE: 0,
        }
        for kind, most in wanted.items():
            if most or kind == resource.RLIMIT_CORE:
                _lower(pid, kind, most)


def _lower(pid: int, kind: int, most: int) -> None:
    try:
        _, hard = resource.prlimit(pid, kind)
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        last = most + GRACE if kind == resource.RLIMIT_CPU and hard == resource.RLIM_INFINITY else most
        resource.prlimit(pid, kind, (most, last))
    except ProcessLookupError:
        return


def _data(pid: int) -> int:
    """Return the bytes of data that a process has now: of a fork, its template's too."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:")), 0)


def passed(exit_code: int | None) -> str | None:
    """Return the limit that ended a process, if its exit code tells: memory ends it with an error of its own."""
    if exit_code == -signal.SIGXCPU:
        return "CPU time"
    return "size of a file" if exit_code == -signal.SIGXFSZ else None
