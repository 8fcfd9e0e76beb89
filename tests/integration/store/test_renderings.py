"""Snapshots that wait are made in the order in which somebody needs them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.store import renderings
from notehouse_core.store.database import Database
from notehouse_core.store.models import Dashboard, DashboardVersion, Snapshot, Tenant, User


class Shelf:
    """A tenant with a dashboard for each version."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.tenant = Tenant(id=uuid4(), slug=f"t-{uuid4().hex[:8]}", name="T")
        self.user = User(id=uuid4(), username=f"u-{uuid4().hex[:8]}")
        session.add_all([self.tenant, self.user])

    @classmethod
    async def alone(cls, session: AsyncSession) -> Shelf:
        """A shelf beside which nothing waits: what other tests have left is undone in the same transaction."""
        made = cls(session)
        await session.flush()
        others = update(Snapshot).where(Snapshot.status.in_(("pending", "rendering")))
        await session.execute(others.values(status="failed"))
        return made

    async def version(self, state: str) -> UUID:
        here, slug = {"tenant_id": self.tenant.id}, f"d-{uuid4().hex[:8]}"
        dashboard = Dashboard(id=uuid4(), slug=slug, name="D", owner_id=self.user.id, **here)
        self.session.add(dashboard)
        await self.session.flush()
        version = DashboardVersion(
            id=uuid4(),
            dashboard_id=dashboard.id,
            number=1,
            notebook_sha256="0",
            notebook="0",
            author_id=self.user.id,
        )
        version.tenant_id, version.state = self.tenant.id, state
        self.session.add(version)
        await self.session.flush()
        return version.id

    async def wait(self, version: UUID, seconds: float, **values: object) -> UUID:
        made = Snapshot(id=uuid4(), tenant_id=self.tenant.id, version_id=version, access_class=uuid4().hex)
        made.parameters_hash, made.created_at = uuid4().hex, datetime.now(UTC) - timedelta(seconds=seconds)
        for name, value in values.items():
            setattr(made, name, value)
        self.session.add(made)
        await self.session.flush()
        return made.id


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
