"""Requests that are left to somebody: a bucket each, which fills again all the time. Each process counts for itself."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

_MOST_BUCKETS = 20_000


class Buckets:
    """Requests of late, by name: what is allowed in a minute may come at once, and is forgotten as a minute passes."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._used: OrderedDict[str, tuple[float, float]] = (
            OrderedDict()
        )  # requests that still count, and when

    def take(self, name: str, a_minute: int) -> float:
        """Take one request; return 0, or the seconds until there is one."""
        now = self._now()
        used, then = self._used.pop(name, (0.0, now))
        used = max(0.0, used - (now - then) * a_minute / 60)
        missing = used + 1 - a_minute
        self._used[name] = (used if missing > 0 else used + 1, now)
        if len(self._used) > _MOST_BUCKETS:
            self._used.popitem(last=False)
        return max(0.0, missing * 60 / a_minute)
