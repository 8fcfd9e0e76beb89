"""One pool of connections to Postgres, and one transaction at a time from it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from notehouse_core.errors import Unavailable
from notehouse_core.store import audit as _audit  # noqa: F401 - every session is audited
from notehouse_core.store.generation_number import GenerationNumber
from notehouse_core.store.isolation import EVERYWHERE, NOWHERE, limit_to

_RESTED = 1.0  # seconds unused after which a connection is asked whether it still works


class Database:
    """The metadata as one role sees it; connections are opened when first needed."""

    def __init__(self, url: str | SecretStr, *, pool_size: int = 10) -> None:
        address = url.get_secret_value() if isinstance(url, SecretStr) else url
        self.engine: AsyncEngine = create_async_engine(
            address, pool_size=pool_size, max_overflow=1, pool_timeout=10, hide_parameters=True,
            connect_args={"connect_timeout": 5},
        )  # fmt: skip
        _ping_the_rested(self.engine.sync_engine)
        self.generation = GenerationNumber(self.engine)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def session(self, tenants: str = EVERYWHERE) -> AsyncIterator[AsyncSession]:
        """One transaction: committed at the end of the block, undone by any error.

        It sees the rows of `tenants` (see `isolation`); processes that work for all leave it as it is.

        Raises sqlalchemy.exc.OperationalError while Postgres is away, Unavailable when every connection is in use
        for longer than a request may wait.
        """
        async with self._sessions() as session, session.begin():
            try:
                if tenants == NOWHERE:  # what a transaction sees that says nothing
                    await session.connection()
                else:
                    await limit_to(session, tenants)
            except PoolTimeout as error:
                raise Unavailable("Too much is going on at once. Try again in a moment.") from error
            yield session

    async def close(self) -> None:
        """Close every connection."""
        await self.generation.close()
        await self.engine.dispose()


def _ping_the_rested(engine: Engine) -> None:
    """Ask a connection whether it still works, as SQLAlchemy's own ping does; one that has just worked is not asked."""

    @event.listens_for(engine, "checkin")
    def returned(_: Any, record: Any) -> None:
        record.info["returned"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def taken(connection: Any, record: Any, _: Any) -> None:
        if time.monotonic() - record.info.get("returned", time.monotonic()) < _RESTED:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error  # the pool opens another one
