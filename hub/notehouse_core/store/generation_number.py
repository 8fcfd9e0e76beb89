"""The number of changes so far (see `generations`), over a connection that is kept for it: nearly every request asks."""

from __future__ import annotations

import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from notehouse_core.together import Together

ASK = "SELECT number FROM rights_generation"


class GenerationNumber:
    """Asks for the number, once for all who ask at the same time."""

    def __init__(self, engine: AsyncEngine) -> None:
        # Not in a transaction: one way to Postgres and back.
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._connection: psycopg.AsyncConnection | None = None
        self._together: Together[int] = Together()

    async def now(self) -> int:
        """The number, asked after this call. Raises sqlalchemy.exc.OperationalError while Postgres is away."""
        return await self._together.of("", self._ask)

    async def close(self) -> None:
        """Close the connection; it is opened again when it is needed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _ask(self) -> int:
        try:
            return await self._over_our_own()
        except psycopg.Error:
            # Lost, as when Postgres was started anew. If it is still away, the pool says so in the usual words.
            await self.close()
            async with self._engine.connect() as connection:
                return int((await connection.execute(text(ASK))).scalar_one())

    async def _over_our_own(self) -> int:
        """Without SQLAlchemy in between, which takes four times as long as the driver."""
        if self._connection is None:
            self._connection = await self._opened()
        row = await (await self._connection.execute(ASK)).fetchone()
        return int(row[0]) if row else 0

    async def _opened(self) -> psycopg.AsyncConnection:
        """A connection of the pool's making that the pool does not count."""
        connection = await self._engine.connect()
        opened = (await connection.get_raw_connection()).driver_connection
        await connection.run_sync(lambda known: known.detach())
        if not isinstance(opened, psycopg.AsyncConnection):
            raise TypeError(f"a driver that we do not know: {type(opened).__name__}")
        return opened
