"""Kernels that compute without end make way for those that have a short cell to run, as long as they do so.

Every kernel leads a session of its own, and Linux shares a machine out among sessions (`sched_autogroup`). The share of one
can be lowered and raised again without any privilege, which a process's own nice value cannot.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from notehouse_gateway.memory import cpu_seconds

LOOK_SECONDS = 1.0
STRETCH_SECONDS = 2.0  # a cell that is done sooner is nobody's burden
BUSY, IDLE = 0.5, 0.25  # of one core
ORDER_SECONDS = 0.1
USUAL, LOW = 0, 15  # LOW: a thirtieth of what the others have of a core that all want


@dataclass
class Stretch:
    """How long a kernel has computed without a pause, and what all its processes had computed when it was looked at."""

    computed: float
    at: float
    lasted: float = 0.0

    def go_on(self, computed: float, now: float) -> None:
        """Take a further look into account."""
        load = (computed - self.computed) / max(now - self.at, 1e-6)
        if load >= BUSY:
            self.lasted += now - self.at
        elif load < IDLE:
            self.lasted = 0.0
        self.computed, self.at = computed, now


class Priorities:
    """The kernels of one server."""

    def __init__(self) -> None:
        self._stretches: dict[int, Stretch] = {}

    def look(self, families: Mapping[int, list[int]]) -> None:
        """Lower who has computed for a while, and raise who has paused.

        Takes the processes of each kernel, by its first one. To be called every `LOOK_SECONDS`, in a thread: it may wait
        for the system for as long.
        """
        known, self._stretches = self._stretches, {}
        end = time.monotonic() + LOOK_SECONDS
        for pid, family in families.items():
            computed, now = sum(map(cpu_seconds, family)), time.monotonic()
            one = self._stretches[pid] = known.get(pid) or Stretch(computed, now)
            one.go_on(computed, now)
            for member in family:
                _share(member, LOW if one.lasted >= STRETCH_SECONDS else USUAL, end)


def _share(pid: int, nice: int, end: float) -> None:
    """Set the share of a process's session, unless it is that already.

    Nothing where that cannot be: it has ended, or the system, which takes ten such orders a second, has no time for this
    one until `end`.
    """
    place = Path(f"/proc/{pid}/autogroup")
    with suppress(OSError):
        while not place.read_text().endswith(f"nice {nice}\n"):
            try:
                place.write_text(str(nice))
            except BlockingIOError:
                if time.monotonic() > end:
                    return
                time.sleep(ORDER_SECONDS)
