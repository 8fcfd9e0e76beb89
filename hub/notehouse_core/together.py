"""Many ask the same at once: one asking answers them all, but never one that began before they asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Found = TypeVar("Found")


class Together(Generic[Found]):
    """At most one asking for each key is under way, and one waits for all who came meanwhile.

    So what is known to have changed before a question is in its answer, as rights that were taken away.
    """

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[Found]] = {}
        self._next: dict[Hashable, asyncio.Task[Found]] = {}

    async def of(self, key: Hashable, ask: Callable[[], Awaitable[Found]]) -> Found:
        """What `ask` answers, asked after this call. Raises what it raises."""
        running = self._running.get(key)
        if running is None:
            return await asyncio.shield(self._begin(key, ask))
        if key not in self._next:
            self._next[key] = asyncio.create_task(self._after(running, key, ask))
        return await asyncio.shield(self._next[key])

    def _begin(self, key: Hashable, ask: Callable[[], Awaitable[Found]]) -> asyncio.Task[Found]:
        task = self._running[key] = asyncio.create_task(_asked(ask))
        task.add_done_callback(lambda done: self._ended(key, done))
        return task

    async def _after(
        self, running: asyncio.Task[Found], key: Hashable, ask: Callable[[], Awaitable[Found]]
    ) -> Found:
        await asyncio.wait({running})
        del self._next[key]  # from here on, who comes waits for the one after
        return await asyncio.shield(self._begin(key, ask))

    def _ended(self, key: Hashable, task: asyncio.Task[Found]) -> None:
        if self._running.get(key) is task:
            del self._running[key]
        if not task.cancelled():
            task.exception()  # those who waited may have gone


async def _asked(ask: Callable[[], Awaitable[Found]]) -> Found:
    return await ask()
