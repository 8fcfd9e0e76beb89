"""Who may run now, and who waits? So many statements at once for a holder, for a tenant and in all; tenants take turns."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from notehouse_hub.service.query_gateway.refusal import TOO_MANY_QUERIES, Refusal

IN_ALL = 64
_OF_A_TENANT = IN_ALL * 3 // 4  # so that there is always room for another
_PATIENCE = 20.0  # seconds in the queue
_LONGEST_QUEUE = 1000  # of one tenant


@dataclass
class Waiting:
    """One who waits."""

    tenant: str
    holder: str
    most: int
    turn: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Turnstile:
    """Lets through at most `in_all` at once."""

    def __init__(self, in_all: int = IN_ALL, patience: float = _PATIENCE) -> None:
        self._free = in_all
        self._patience = patience
        self._running: Counter[str] = Counter()
        self._of_tenants: Counter[str] = Counter()
        self._queues: OrderedDict[str, deque[Waiting]] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(len(queue) for queue in self._queues.values())

    @asynccontextmanager
    async def turn(self, tenant: str, holder: str, most: int) -> AsyncIterator[None]:
        """Wait for a turn, at most `most` of one holder at once. Raises Refusal (429)."""
        one = Waiting(tenant, holder, most)
        await self._enter(one)
        try:
            yield
        finally:
            self._leave(one)

    async def _enter(self, one: Waiting) -> None:
        queue = self._queues.setdefault(one.tenant, deque())
        if len(queue) >= _LONGEST_QUEUE:
            raise _too_many(one.most)
        queue.append(one)
        self._call_next()
        try:
            async with asyncio.timeout(self._patience):
                await one.turn
        except BaseException as error:
            self._give_up(one)
            if isinstance(error, TimeoutError):
                raise _too_many(one.most) from error
            raise

    def _give_up(self, one: Waiting) -> None:
        if one.turn.done() and not one.turn.cancelled():
            self._leave(one)  # its turn came in the very moment it went
            return
        queue = self._queues.get(one.tenant)
        if queue and one in queue:
            queue.remove(one)

    def _leave(self, one: Waiting) -> None:
        self._free += 1
        for counter, name in ((self._running, one.holder), (self._of_tenants, one.tenant)):
            counter[name] -= 1
            if not counter[name]:
                del counter[name]
        self._call_next()

    def _call_next(self) -> None:
        """Give free places to tenants in turn, and within one to the first that may run."""
        for tenant in list(self._queues):
            if not self._free:
                return
            if self._call_one_of(tenant):
                self._call_next()
                return

    def _call_one_of(self, tenant: str) -> bool:
        queue = self._queues[tenant]
        for one in queue if self._of_tenants[tenant] < _OF_A_TENANT else ():
            if self._running[one.holder] < one.most:
                queue.remove(one)
                self._let_in(one)
                self._queues.move_to_end(tenant)
                return True
        if not queue:
            del self._queues[tenant]
        return False

    def _let_in(self, one: Waiting) -> None:
        if one.turn.done():
            return
        self._free -= 1
        self._running[one.holder] += 1
        self._of_tenants[one.tenant] += 1
        one.turn.set_result(None)


def _too_many(most: int) -> Refusal:
    return Refusal(
        TOO_MANY_QUERIES,
        429,
        f"Too many queries at once: {most} of yours may run together (the limit concurrent_queries), and the queue is full. "
        "Try again in a moment, or ask an admin of your tenant to raise the limit.",
        {"Retry-After": "5"},
    )
