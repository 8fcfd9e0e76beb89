"""Pictures of dashboards: one for each class that sees one, of what is shown, and to nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from integration.store.shelf import Shelf
from notehouse_core.store import thumbnails
from notehouse_core.store.database import Database
from notehouse_core.store.models import Dashboard, DashboardVersion, Snapshot

DONE: dict[str, Any] = {"status": "ready", "cells": {"executed": "e" * 64}}


async def _shown(shelf: Shelf) -> UUID:
    """A version that is its dashboard's published one."""
    version = await shelf.version("ready")
    of = select(DashboardVersion.dashboard_id).where(DashboardVersion.id == version).scalar_subquery()
    await shelf.session.execute(
        update(Dashboard).where(Dashboard.id == of).values(published_version_id=version)
    )
    return version


async def _all_pictured(shelf: Shelf) -> None:
    """What other tests have left has its picture already."""
    await shelf.session.execute(update(Snapshot).values(cells={thumbnails.CELL: ""}))


async def test_what_is_shown_gets_a_picture_when_nobody_waits(database: Database) -> None:
    async with database.session() as session:
        shelf = await Shelf.alone(session)
        await _all_pictured(shelf)
        old, shown = await shelf.version("ready"), await _shown(shelf)
        await shelf.wait(old, 90, **DONE)
        await shelf.wait(shown, 80, **DONE, parameters={"origin": "LGA"})
        wanted = await shelf.wait(shown, 70, **DONE)
        at_work = await shelf.wait(shown, 1)
        assert await thumbnails.next_without(session) is None
        await session.execute(update(Snapshot).where(Snapshot.id == at_work).values(status="failed"))
        assert await thumbnails.next_without(session) == (wanted, "e" * 64, "D")
        await thumbnails.keep(session, wanted, "a" * 64)
        assert await thumbnails.next_without(session) is None
        kept = await session.scalar(select(Snapshot.cells).where(Snapshot.id == wanted))
        assert kept is not None
        assert kept["executed"] == "e" * 64
        assert thumbnails.kept_of(kept).keys() == {thumbnails.CELL, thumbnails.AT}
        assert kept[thumbnails.CELL] == "a" * 64
        await session.rollback()


async def test_a_picture_is_made_anew_once_an_hour_while_its_page_is(database: Database) -> None:
    async with database.session() as session:
        shelf = await Shelf.alone(session)
        await _all_pictured(shelf)
        wanted, now = await shelf.wait(await _shown(shelf), 90, **DONE), datetime.now(UTC)
        for pictured, rendered, is_due in ((2.0, 3.0, False), (0.5, 0.1, False), (2.0, 0.1, True)):
            at = (now - timedelta(hours=pictured)).isoformat()
            cells = {"executed": "e" * 64, thumbnails.CELL: "a" * 64, thumbnails.AT: at}
            made = update(Snapshot).where(Snapshot.id == wanted)
            await session.execute(made.values(cells=cells, rendered_at=now - timedelta(hours=rendered)))
            assert (await thumbnails.next_without(session) is not None) == is_due
        await session.rollback()


async def test_a_class_is_shown_its_own_picture_alone(database: Database) -> None:
    async with database.session() as session:
        shelf = await Shelf.alone(session)
        version = await _shown(shelf)
        for access_class, artifact in (("one", "1" * 64), ("two", "2" * 64), ("none", "")):
            made = await shelf.wait(version, 1, **DONE, access_class=access_class)
            await thumbnails.keep(session, made, artifact)
        assert await thumbnails.shown(session, {version: "two"}) == {version: "2" * 64}
        assert await thumbnails.shown(session, {version: "none"}) == {}
        assert await thumbnails.shown(session, {version: "three"}) == {}
        assert await thumbnails.shown(session, {}) == {}
        await session.rollback()
