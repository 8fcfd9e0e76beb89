"""Snapshots that wait are made in the order in which somebody needs them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from integration.store.shelf import Shelf
from notehouse_core.store import renderings
from notehouse_core.store.database import Database


async def test_who_waits_for_a_choice_goes_before_what_is_being_published(database: Database) -> None:
    async with database.session() as session:
        shelf = await Shelf.alone(session)
        published, shown = await shelf.version("rendering"), await shelf.version("ready")
        first, second = await shelf.wait(published, 50), await shelf.wait(published, 40)
        choice, newer = await shelf.wait(shown, 3), await shelf.wait(shown, 2)
        died = await shelf.wait(
            published, 60, status="rendering", leased_until=datetime.now(UTC) - timedelta(seconds=1)
        )
        claimed = [await renderings.claim(session) for _ in range(6)]
        assert [one.id if one else None for one in claimed] == [choice, newer, died, first, second, None]
        await session.rollback()


async def test_what_is_being_published_does_not_wait_for_ever(database: Database) -> None:
    async with database.session() as session:
        shelf = await Shelf.alone(session)
        published, shown = await shelf.version("rendering"), await shelf.version("ready")
        long = await shelf.wait(published, renderings.PATIENCE.total_seconds() + 60)
        await shelf.wait(shown, 1)
        claimed = await renderings.claim(session)
        assert claimed is not None
        assert claimed.id == long
        await session.rollback()


async def test_what_failed_is_tried_again_when_somebody_looks_later(database: Database) -> None:
    async with database.session() as session:
        shelf = await Shelf.alone(session)
        await shelf.wait(await shelf.version("ready"), 90)
        failed = await renderings.claim(session)
        assert failed is not None
        await renderings.fail(session, failed, {"name": "KernelDied", "message": "x"})
        await renderings.try_again(session, failed)
        assert failed.status == "failed"  # a moment ago: it would fail again
        failed.leased_until = datetime.now(UTC) - timedelta(seconds=1)
        await session.flush()
        await renderings.try_again(session, failed)
        assert (failed.status, failed.attempt) == ("pending", 0)
        assert await renderings.waiting(session) == {"pending": 1, "rendering": 0}
        assert await renderings.claim(session) is failed
        await session.rollback()


async def test_what_is_made_once_more_stays_shown_and_goes_last(database: Database) -> None:
    async with database.session() as session:
        shelf = await Shelf.alone(session)
        version = await shelf.version("ready")
        shown = await shelf.wait(version, 90, status="ready", artifact="a" * 64, watermark="old")
        assert not await renderings.again(session, shown, "old")
        assert await renderings.again(session, shown, "new")
        assert await renderings.again(session, shown, "newer")  # one at a time
        waits = await shelf.wait(version, 1)
        claimed = [await renderings.claim(session) for _ in range(2)]
        assert [one.id if one else None for one in claimed] == [waits, shown]
        again = claimed[1]
        assert again is not None
        assert again.is_shown
        again.watermark = "new"
        await renderings.fail(session, again, {"name": "ValueError", "message": "x"})
        await session.refresh(again)
        assert (again.status, again.artifact, again.watermark) == ("ready", "a" * 64, "new")
        assert not await renderings.again(session, shown, "new")  # nothing has changed since it failed
        await session.rollback()
