"""How long is a notebook's template worth its memory? As long as, by how often it was asked for, somebody will come."""

from __future__ import annotations

import time
from dataclasses import dataclass

TOGETHER = 10.0  # seconds in which several requests are those of one visit
REMEMBERED = 1000  # notebooks
NEWER = 0.5  # how much the last gap counts against those before
GAPS = 2.0  # of its usual ones that a template is kept without use


@dataclass
class Visits:
    """When a notebook was asked for last, and in what gaps before; None until there were two visits."""

    last: float
    gap: float | None = None

    def one_more(self, now: float) -> None:
        """Count a visit, unless it belongs to the last one."""
        gap = now - self.last
        if gap >= TOGETHER:
            self.gap = gap if self.gap is None else NEWER * gap + (1 - NEWER) * self.gap
            self.last = now


class Demand:
    """The notebooks that were asked for, those without a template too."""

    def __init__(self, least: float, most: float) -> None:
        """Keep what was asked for once `least` seconds without use, and nothing longer than `most`."""
        self._least, self._most = least, most
        self._visits: dict[str, Visits] = {}

    def asked(self, key: str, now: float | None = None) -> None:
        """Count a request, at the system's monotonic time."""
        now = time.monotonic() if now is None else now
        visits = self._visits.pop(key, None) or Visits(now)
        visits.one_more(now)
        self._visits[key] = visits  # the newest last
        while len(self._visits) > REMEMBERED:
            del self._visits[next(iter(self._visits))]

    def kept_seconds(self, key: str) -> float:
        """Return how long a template waits for its next use before it is ended."""
        visits = self._visits.get(key)
        if visits is None or visits.gap is None or GAPS * visits.gap > self._most:
            return self._least
        return max(self._least, GAPS * visits.gap)
