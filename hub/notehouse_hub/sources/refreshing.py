"""Reading the tables of a source into the cache, as a job that tells how far it is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from notehouse_core.errors import NotehouseError, TooLarge
from notehouse_core.store import source_schemas
from notehouse_core.store.database import Database
from notehouse_core.store.models import DataSource
from notehouse_hub.sources.connecting import Sources
from notehouse_hub.sources.contract import Column, Connection, Table

_AT_ONCE = 50  # tables in one question
_MOST_COLUMNS = 200_000

log = logging.getLogger(__name__)


class Refresher:
    """Runs refreshes in this process; the rows in Postgres say which there are."""

    def __init__(self, database: Database, sources: Sources) -> None:
        self._database = database
        self._sources = sources
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Stop what runs; it counts as lost after a while."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def start(self, source_id: UUID) -> None:
        """Run a refresh that `source_schemas.begin` has given to us, without waiting for it."""
        task = asyncio.get_running_loop().create_task(self.run(source_id))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def run(self, source_id: UUID) -> None:
        """Read everything, and put it in the place of what was known; what fails is written down."""
        async with self._database.session() as session:
            query = (
                select(DataSource).where(DataSource.id == source_id).options(selectinload(DataSource.tenant))
            )
            source = await session.scalar(query)
            databases = await source_schemas.house_databases(session, source) if source else []
        if source is None:
            return
        try:
            columns = await self._read(source, databases)
        except NotehouseError as error:
            await self._advance(source_id, state="failed", error=error.message, ended_at=_now())
            return
        async with self._database.session() as session:
            await source_schemas.replace(session, source, columns)
            await source_schemas.advance(session, source_id, state="ready", ended_at=_now())

    async def _read(self, source: DataSource, databases: Sequence[str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        done = 0
        async with self._sources.connect(source, databases) as connection:
            tables = await connection.tables()
            await self._advance(source.id, tables_total=len(tables), tables_done=0)
            async for some, columns in _portions(connection, tables):
                found += _rows(some, columns)
                done += len(some)
                if len(found) > _MOST_COLUMNS:
                    raise TooLarge(
                        f"{source.name} has more than {_MOST_COLUMNS:,} columns. Give its account fewer tables to read."
                    )
                await self._advance(source.id, tables_done=done)
        return found

    async def _advance(self, source_id: UUID, **values: Any) -> None:
        async with self._database.session() as session:
            await source_schemas.advance(session, source_id, **values)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("reading the tables of a data source failed", exc_info=error)


async def _portions(
    connection: Connection, tables: Sequence[Table]
) -> AsyncIterator[tuple[Sequence[Table], list[Column]]]:
    """Yield some tables of one schema with their columns, until all were read."""
    for _, group in groupby(tables, key=lambda one: one.schema):
        mine = list(group)
        for first in range(0, len(mine), _AT_ONCE):
            some = mine[first : first + _AT_ONCE]
            yield some, await connection.columns(some)


def _rows(tables: Sequence[Table], columns: Sequence[Column]) -> list[dict[str, Any]]:
    by_name = {one.name: one for one in tables}
    return [
        {
            "schema": one.schema,
            "table": one.table,
            "column": one.name,
            "position": one.position,
            "type": one.type,
            "nullable": one.nullable,
            "default": one.default,
            "comment": one.comment,
            "table_comment": by_name[one.table].comment,
            "rows": by_name[one.table].rows,
            "bytes": by_name[one.table].bytes,
        }
        for one in columns
    ]


def _now() -> datetime:
    return datetime.now(UTC)
