"""Snapshots of pages that are open are made once more when their tables change: once, however many look."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from notehouse_core import errors
from notehouse_core.store import renderings
from notehouse_core.store.database import Database
from notehouse_core.store.models import Snapshot
from notehouse_core.tile_plan import PYTHON, Plan
from notehouse_dashboards.tiles.watermarks import Looked, Watermarks

LEAST = 5.0  # seconds between two renewals of a snapshot
SELDOM = 60.0  # the same where SQL answers all tiles, which the page asks for by itself
SHARE = 4  # the pause after a renewal, in times that it took: a page keeps nobody busy for more than a fifth of the time
LOOK_EVERY = 0.3

log = logging.getLogger(__name__)


class Renewals:
    """Follows the snapshots that open pages show."""

    def __init__(self, database: Database, marks: Watermarks) -> None:
        self._database, self._marks = database, marks
        self._followed: Counter[UUID] = Counter()
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._renewed: Counter[UUID] = Counter()
        self._moved = asyncio.Condition()

    @contextmanager
    def followed(self, snapshot: Snapshot) -> Iterator[None]:
        """Have a snapshot renewed as long as the block lasts; its version must be loaded."""
        known = snapshot.id
        self._followed[known] += 1
        task = self._tasks.get(known)
        if task is None or task.done():  # one ends when nobody has the class any more; now somebody has
            looked = (str(snapshot.version_id), snapshot.access_class)
            self._tasks[known] = asyncio.create_task(self._follow(known, looked, pause_of(snapshot)))
        try:
            yield
        finally:
            self._followed[known] -= 1
            if not self._followed[known]:
                del self._followed[known]
                self._tasks.pop(known).cancel()
                self._renewed.pop(known, None)

    async def after(self, snapshot_id: UUID, seen: int) -> int:
        """Wait until a snapshot has been renewed more often than `seen`, and return how often."""
        async with self._moved:
            await self._moved.wait_for(lambda: self._renewed[snapshot_id] > seen)
            return self._renewed[snapshot_id]

    async def close(self) -> None:
        """Follow nothing any more."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _follow(self, snapshot_id: UUID, looked: Looked, least: float) -> None:
        mark = ""
        while True:
            began = time.monotonic()
            try:
                mark = await self._marks.of(looked)
                renewed = await self._renew(snapshot_id, mark)
            except errors.Forbidden:
                return  # nobody has the class any more; the pages are told
            except (errors.NotehouseError, DBAPIError, OSError) as error:
                log.warning("a snapshot cannot be renewed now: %s", type(error).__name__)
                renewed = False
            if renewed:
                async with self._moved:
                    self._renewed[snapshot_id] += 1
                    self._moved.notify_all()
            await asyncio.sleep(max(least, SHARE * (time.monotonic() - began)))
            await self._marks.after(looked, mark)

    async def _renew(self, snapshot_id: UUID, mark: str) -> bool:
        """Have a snapshot made of these tables, and wait for it; False when it is of them already."""
        async with self._database.session() as session:
            waits = asked = await renderings.again(session, snapshot_id, mark)
        while waits:
            await asyncio.sleep(LOOK_EVERY)
            async with self._database.session() as session:
                waits = await renderings.is_waiting(session, snapshot_id)
        return asked


def pause_of(snapshot: Snapshot) -> float:
    """Seconds that a snapshot is left alone at least; its author may have the page refreshed less often."""
    layout = snapshot.version.layout
    plan = Plan.of_json(layout.get("plan"))
    by_python = plan is None or any(one.kind == PYTHON for one in plan.tiles.values())
    return float(max(layout.get("refresh", 0), LEAST if by_python else SELDOM))
