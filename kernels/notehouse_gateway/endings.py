"""Why did a kernel end? A sentence for whoever used it, kept for a while."""

from __future__ import annotations

import signal
from collections.abc import Iterator, MutableMapping

from notehouse_gateway.limits import KernelLimits, passed

KEPT = 200
MEMORY = "read less at once, or let the database aggregate."


class Endings(MutableMapping[str, str]):
    """The sentences of the kernels that ended last, by kernel."""

    def __init__(self) -> None:
        self._sentences: dict[str, str] = {}

    def __getitem__(self, kernel_id: str) -> str:
        return self._sentences[kernel_id]

    def __setitem__(self, kernel_id: str, sentence: str) -> None:
        self._sentences[kernel_id] = sentence
        while len(self._sentences) > KEPT:
            del self._sentences[next(iter(self._sentences))]

    def __delitem__(self, kernel_id: str) -> None:
        del self._sentences[kernel_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sentences)

    def __len__(self) -> int:
        return len(self._sentences)


def of_exit(code: int, limits: KernelLimits) -> str:
    """Say why a process that was not asked to end has ended, as far as its exit code tells."""
    limit = passed(code)
    if limit == "CPU time":
        return f"The kernel was ended at its limit of CPU time ({limits.cpu_seconds:,} s)."
    if limit is not None:
        return f"The kernel was ended at its limit of the {limit} ({limits.file_megabytes:,} MB)."
    if code == -signal.SIGKILL:
        return f"The kernel was ended by the system; most often the machine had no memory left: {MEMORY}"
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        return f"The kernel broke down ({name}); most often it needed more memory than it may have: {MEMORY}"
    return f"The kernel ended itself, with code {code}."


def of_age(seconds: float) -> str:
    """Say that a kernel has lived for as long as it may."""
    return f"The kernel was ended at its limit of lifetime ({seconds:,.0f} s)."


def of_output(megabytes: int) -> str:
    """Say that a kernel has sent far more than it may."""
    return f"The kernel was ended at its limit of output rate ({megabytes:,} MB a second)."


def of_processes(most: int) -> str:
    """Say that a kernel has forked without end."""
    return f"The kernel was ended at its limit of {most:,} processes and threads: it went on to start more."
