"""How long must someone wait who has typed wrong passwords?"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

LONGEST_WAIT = 300.0
REMEMBERED = 10_000


@dataclass
class _Failures:
    count: int = 0
    free_at: float = 0.0


class Throttle:
    """Counts failures a key: the first `free` cost nothing, each further one doubles the wait (to 5 minutes).

    Kept in memory and bounded; a Hub that restarts forgets, which gives away nothing but a few tries.
    """

    def __init__(self, free: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._free = free
        self._clock = clock
        self._failures: OrderedDict[Hashable, _Failures] = OrderedDict()

    def wait(self, key: Hashable) -> float:
        """Return the seconds for which this key is still refused; 0 when it may try."""
        failures = self._failures.get(key)
        return max(0.0, failures.free_at - self._clock()) if failures else 0.0

    def failed(self, key: Hashable) -> None:
        """Count a failure."""
        failures = self._failures.setdefault(key, _Failures())
        self._failures.move_to_end(key)
        failures.count += 1
        excess = failures.count - self._free
        if excess > 0:
            failures.free_at = self._clock() + min(2.0 ** min(excess, 16), LONGEST_WAIT)
        while len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)

    def succeeded(self, key: Hashable) -> None:
        """Forget the failures of a key."""
        self._failures.pop(key, None)
