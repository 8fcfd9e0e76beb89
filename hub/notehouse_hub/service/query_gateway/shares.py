"""How much of the machine does a statement get beside those of other tenants?

What has shown to be swift, and the first few of the rest that a tenant runs, weigh in full; all more of the tenant
weighs little, so that whoever waits for small answers does not notice somebody else's large questions. A large one
still gets all that nobody else wants.
"""

import time
from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

IN_FULL = 2  # statements of one tenant, not known to be swift, that run like everybody's
SWIFT = 0.5  # seconds
# One slow run of many is what a busy machine does to anybody; to weigh little for it would make the next ones slow as well.
FORGIVEN = 10.0  # seconds after its last swift run in which a statement may be slow
_REMEMBERED = 20_000

# The threads of a light statement are nice to others, where ClickHouse may make them so; where not, they are like all.
# Not its `priority`: statements that wait for others at each block hold a lock that every new one needs.
_LIGHT = {"os_threads_nice_value_query": "19"}
SETTINGS = frozenset(_LIGHT.items())


class Shares:
    """What each statement of each tenant weighs, by what it took the last times."""

    def __init__(self, in_full: int = IN_FULL, swift: float = SWIFT) -> None:
        self._most = in_full
        self._limit = swift
        self._in_full: Counter[str] = Counter()
        self._swift: OrderedDict[int, float] = OrderedDict()  # when each was swift the last time

    @contextmanager
    def share(self, tenant: str, statement: Hashable) -> Iterator[dict[str, str]]:
        """Yield the settings under which a statement runs; the same with other values is another `statement`."""
        key, began = hash((tenant, statement)), time.monotonic()
        known = key in self._swift
        counted = not known and self._in_full[tenant] < self._most
        self._in_full[tenant] += counted
        try:
            yield {} if known or counted else _LIGHT
            self._remember(key, began)
        except BaseException:
            if time.monotonic() - began >= self._limit:  # what went wrong at once proves nothing
                self._remember(key, began)
            raise
        finally:
            self._leave(tenant, counted)

    def _remember(self, key: int, began: float) -> None:
        now = time.monotonic()
        last = now if now - began < self._limit else self._swift.get(key, -FORGIVEN)
        self._swift.pop(key, None)
        if now - last < FORGIVEN:
            self._swift[key] = last
        if len(self._swift) > _REMEMBERED:
            self._swift.popitem(last=False)

    def _leave(self, tenant: str, counted: bool) -> None:
        self._in_full[tenant] -= counted
        if not self._in_full[tenant]:
            del self._in_full[tenant]
