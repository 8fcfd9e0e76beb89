"""Changes of rights, heard as they are announced in Postgres, also through its restarts."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from notehouse_core.store.plan import CHANNEL

SETTLE = 0.2  # seconds in which further changes are gathered into one
_HEARTBEAT = 2.0  # seconds between two proofs that Postgres is there
_PAUSE = 0.5

log = logging.getLogger(__name__)


async def heard(database_url: str, settle: float = 0.0) -> AsyncGenerator[bool, None]:
    """Yield True at first and after every announcement, False for each proof in between that Postgres is there.

    Raises psycopg.Error, OSError or TimeoutError when it is away.
    """
    address = database_url.replace("postgresql+psycopg://", "postgresql://")
    connection = await psycopg.AsyncConnection.connect(address, autocommit=True, connect_timeout=5)
    async with connection:
        await connection.execute(f"LISTEN {CHANNEL}")
        yield True
        while True:
            announced = [one async for one in connection.notifies(timeout=_HEARTBEAT, stop_after=1)]
            if announced:
                await asyncio.sleep(settle)
            else:
                async with asyncio.timeout(5):
                    await connection.execute("SELECT 1")
            yield bool(announced)


async def for_every_change(
    database_url: str, changed: Callable[[], Awaitable[None]], *, at_least_every: float = float("inf")
) -> None:
    """Call `changed` at first, after every announcement and when so many seconds have passed, until cancelled."""
    while True:
        try:
            async with contextlib.aclosing(heard(database_url, SETTLE)) as listening:
                done = 0.0
                async for announced in listening:
                    if announced or time.monotonic() - done > at_least_every:
                        await changed()
                        done = time.monotonic()
        except (psycopg.Error, SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("rights cannot be followed, trying again: %s", type(error).__name__)
            await asyncio.sleep(_PAUSE)
