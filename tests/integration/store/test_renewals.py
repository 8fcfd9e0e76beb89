"""What open pages show is made once more when its tables change, for whoever has it open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import selectinload

from integration.store.shelf import Shelf
from notehouse_core.store.database import Database
from notehouse_core.store.models import Snapshot
from notehouse_dashboards.tiles import watermarks
from notehouse_dashboards.tiles.renewals import Renewals
from notehouse_dashboards.tiles.watermarks import Watermarks

NOBODY = ""  # what is said of a class that nobody has


class Tables:
    """Tables as they are now, and whether somebody has looked at them."""

    def __init__(self, mark: str) -> None:
        self.mark, self.asked = mark, asyncio.Event()

    async def watermarks(self, looked: Sequence[watermarks.Looked]) -> list[str]:
        self.asked.set()
        return [self.mark for _ in looked]


@pytest.fixture
async def shown(database: Database) -> AsyncIterator[Snapshot]:
    """A page that people look at, made of old tables."""
    async with database.session() as session:
        shelf = Shelf(session)
        await session.flush()
        identifier = await shelf.wait(
            await shelf.version("ready"), 90, status="ready", artifact="a" * 64, watermark="old"
        )
    async with database.session() as session:
        query = select(Snapshot).where(Snapshot.id == identifier).options(selectinload(Snapshot.version))
        made = (await session.scalars(query)).one()
    yield made
    await _has(database, identifier, status="failed")


async def _has(database: Database, snapshot: UUID, **values: str) -> None:
    async with database.session() as session:
        await session.execute(update(Snapshot).where(Snapshot.id == snapshot).values(**values))


async def _until_it_waits(database: Database, snapshot: UUID) -> None:
    while True:
        async with database.session() as session:
            if await session.scalar(select(Snapshot.status).where(Snapshot.id == snapshot)) == "pending":
                return
        await asyncio.sleep(0.02)


async def test_who_looks_once_a_class_is_somebodys_again_has_it_renewed_for_all(
    database: Database, shown: Snapshot
) -> None:
    tables = Tables(NOBODY)
    renewals = Renewals(database, Watermarks(tables))
    async with asyncio.timeout(30):
        with renewals.followed(shown):
            earlier = asyncio.create_task(renewals.after(shown.id, 0))
            await tables.asked.wait()
            await asyncio.sleep(watermarks.FRESH)
            tables.mark = "new"
            with renewals.followed(shown):
                await _until_it_waits(database, shown.id)
                await _has(database, shown.id, status="ready", watermark="new")
                assert await earlier == 1
    await renewals.close()
