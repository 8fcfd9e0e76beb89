"""Which kernels fork without end? Those that stay at their limit of processes; a program that passes it once goes on."""

from __future__ import annotations

from collections.abc import Mapping

NEARLY = 0.9  # of the limit, which counts threads too
LOOKS = 3


class Crowds:
    """The kernels of one server that have as many processes as they may."""

    def __init__(self, most: int) -> None:
        """`most` processes and threads each; 0 is any."""
        self._most = most
        self._times: dict[int, int] = {}

    def look(self, counts: Mapping[int, int]) -> list[int]:
        """Take the processes of each kernel, by its first one; return the kernels that were at the limit `LOOKS` times."""
        full = [pid for pid, count in counts.items() if self._most and count >= NEARLY * self._most]
        self._times = {pid: self._times.get(pid, 0) + 1 for pid in full}
        return [pid for pid, times in self._times.items() if times >= LOOKS]
