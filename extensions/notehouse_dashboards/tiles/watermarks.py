"""Have the tables of a dashboard changed? Asked once for all pages that are open, however many there are."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from notehouse_core import errors

FRESH = 0.4  # seconds that a watermark is taken for today's
MOST = 500  # asked for at once
FORGET = 600.0

Looked = tuple[str, str]  # version id, access class

log = logging.getLogger(__name__)


class Source(Protocol):
    """Who knows the watermarks: the API."""

    async def watermarks(self, looked: Sequence[Looked]) -> list[str]:
        """Answer one for each, in their order."""
        ...


class Watermarks:
    """The newest known watermark of each version and class, and those who wait for the next."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._known: dict[Looked, tuple[float, str]] = {}
        self._waiting: dict[Looked, asyncio.Future[str]] = {}
        self._followed: Counter[Looked] = Counter()
        self._moved: asyncio.Condition = asyncio.Condition()
        self._asking: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None

    async def of(self, looked: Looked) -> str:
        """The watermark, at most FRESH seconds old. Raises Forbidden when nobody has the class any more."""
        known = self._known.get(looked)
        if known is None or time.monotonic() - known[0] > FRESH:
            mark = await asyncio.shield(self._asked(looked))
        else:
            mark = known[1]
        if not mark:
            raise errors.Forbidden("Your rights have changed. Load the page again.")
        return mark

    async def after(self, looked: Looked, mark: str) -> str:
        """Wait until the watermark is another than `mark`; only for what is followed."""
        async with self._moved:
            await self._moved.wait_for(lambda: self._known.get(looked, (0.0, mark))[1] != mark)
            return self._known[looked][1]

    @contextmanager
    def followed(self, looked: Looked) -> Iterator[None]:
        """Have the watermark looked at as long as the block lasts."""
        self._followed[looked] += 1
        if self._following is None or self._following.done():
            self._following = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            self._followed[looked] -= 1
            if not self._followed[looked]:
                del self._followed[looked]

    async def close(self) -> None:
        """Stop looking."""
        for task in (self._asking, self._following):
            if task is not None:
                task.cancel()
        await asyncio.gather(*(one for one in (self._asking, self._following) if one), return_exceptions=True)

    def _asked(self, looked: Looked) -> asyncio.Future[str]:
        waiting = self._waiting.setdefault(looked, asyncio.get_running_loop().create_future())
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        return waiting

    async def _ask(self) -> None:
        """Answer all who wait; who comes while the API is asked waits for the next round."""
        while self._waiting:
            batch = {one: self._waiting.pop(one) for one in list(self._waiting)[:MOST]}
            try:
                marks = await self._source.watermarks(list(batch))
            except errors.NotehouseError as error:
                for future in batch.values():
                    future.set_exception(error)
                    future.exception()  # who waited may have gone
                continue
            self._learn(dict(zip(batch, marks, strict=True)))
            for one, future in batch.items():
                future.set_result(self._known[one][1])

    def _learn(self, marks: dict[Looked, str]) -> None:
        now = time.monotonic()
        self._known |= {one: (now, mark) for one, mark in marks.items()}
        for one in [one for one, (since, _) in self._known.items() if now - since > FORGET]:
            del self._known[one]

    async def _follow(self) -> None:
        while self._followed:
            asked = [self._asked(one) for one in self._followed]
            for found in await asyncio.gather(*asked, return_exceptions=True):
                if isinstance(found, BaseException):
                    log.warning("watermarks cannot be asked now: %s", type(found).__name__)
                    break
            async with self._moved:
                self._moved.notify_all()
            await asyncio.sleep(FRESH)
