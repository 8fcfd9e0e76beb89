"""Snapshots on their way: claimed under a lease, ended once; the last one decides its version.

One whose tables have changed is made once more; meanwhile, and when that fails, what it was is shown.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from notehouse_core.store.models import Dashboard, DashboardVersion, Snapshot

LEASE = timedelta(seconds=60)
REST = timedelta(minutes=1)  # that a snapshot which failed is left alone, however many look
PATIENCE = timedelta(minutes=2)
MOST_ATTEMPTS = 30  # a snapshot that something away has kept from being made so often counts as failed


async def claim(session: AsyncSession) -> Snapshot | None:
    """Take the next snapshot that waits, or whose renderer has died; None when there is none.

    Those of a version that is shown go first: somebody who chose in its filters, or who is new, looks at an empty page.
    Behind them is what publishing asks for, which nobody sees before all of it is there; but not for longer than PATIENCE.
    Last are those that are made once more: there is a page to look at.
    """
    abandoned = and_(Snapshot.status == "rendering", Snapshot.leased_until < func.now())
    free = or_(Snapshot.status == "pending", abandoned)
    can_wait = and_(DashboardVersion.state == "rendering", Snapshot.created_at > func.now() - PATIENCE)
    next_one = select(Snapshot.id).join(Snapshot.version).where(free)
    next_one = next_one.order_by(Snapshot.artifact.is_not(None), can_wait, Snapshot.created_at)
    oldest = next_one.limit(1).with_for_update(of=Snapshot, skip_locked=True)
    taken = await session.scalar(
        update(Snapshot)
        .where(Snapshot.id == oldest.scalar_subquery())
        .values(status="rendering", attempt=Snapshot.attempt + 1, leased_until=func.now() + LEASE)
        .returning(Snapshot.id)
    )
    if taken is None:
        return None
    version = selectinload(Snapshot.version).selectinload(DashboardVersion.dashboard)
    query = select(Snapshot).where(Snapshot.id == taken).options(version.selectinload(Dashboard.tenant))
    return (await session.scalars(query)).one()


async def renew(session: AsyncSession, snapshot_id: UUID) -> None:
    """Keep the lease of a snapshot at work."""
    mine = (Snapshot.id == snapshot_id) & (Snapshot.status == "rendering")
    await session.execute(update(Snapshot).where(mine).values(leased_until=func.now() + LEASE))


async def finish(session: AsyncSession, snapshot: Snapshot, **content: Any) -> None:
    """A snapshot is ready; with the last one its version is, and viewers see it from now on."""
    await _end(session, snapshot, status="ready", rendered_at=func.now(), error=None, **content)
    version = await _locked(session, snapshot)
    open_ones = select(func.count()).where(Snapshot.version_id == version.id, Snapshot.status != "ready")
    if version.state != "rendering" or await session.scalar(open_ones):
        return
    version.state = "ready"
    await session.flush()
    await _show(session, version)


async def fail(session: AsyncSession, snapshot: Snapshot, error: dict[str, Any]) -> None:
    """A snapshot cannot be made; a version that was not ready yet has failed, and the one before stays.

    One that could not be made once more stays as it was, until its tables change again.
    """
    ended: dict[str, Any] = (
        {"status": "ready"} if snapshot.artifact else {"status": "failed", "leased_until": func.now() + REST}
    )
    await _end(session, snapshot, error=error, watermark=snapshot.watermark, **ended)
    version = await _locked(session, snapshot)
    if version.state == "rendering":
        version.state, version.error = "failed", error


async def _end(session: AsyncSession, snapshot: Snapshot, **values: Any) -> None:
    row = update(Snapshot).where(Snapshot.id == snapshot.id)
    await session.execute(row.values(**{"leased_until": None, **values}))


async def _locked(session: AsyncSession, snapshot: Snapshot) -> DashboardVersion:
    query = select(DashboardVersion).where(DashboardVersion.id == snapshot.version_id).with_for_update()
    return (await session.scalars(query.execution_options(populate_existing=True))).one()


async def _show(session: AsyncSession, version: DashboardVersion) -> None:
    """Make it the published version, unless a newer one is already."""
    shown = select(DashboardVersion.number).join(
        Dashboard, Dashboard.published_version_id == DashboardVersion.id
    )
    newest = await session.scalar(shown.where(Dashboard.id == version.dashboard_id)) or 0
    if version.number > newest:
        row = update(Dashboard).where(Dashboard.id == version.dashboard_id)
        await session.execute(row.values(published_version_id=version.id))


async def again(session: AsyncSession, snapshot_id: UUID, watermark: str) -> bool:
    """Have a snapshot made once more unless it is of these tables; whether it waits for that now."""
    older = (Snapshot.id == snapshot_id) & (Snapshot.status == "ready") & (Snapshot.watermark != watermark)
    await session.execute(update(Snapshot).where(older).values(status="pending", attempt=0))
    return await is_waiting(session, snapshot_id)


async def is_waiting(session: AsyncSession, snapshot_id: UUID) -> bool:
    """Say whether a snapshot is there and on its way."""
    status = await session.scalar(select(Snapshot.status).where(Snapshot.id == snapshot_id))
    return status in {"pending", "rendering"}


async def try_again(session: AsyncSession, snapshot: Snapshot) -> None:
    """Have a snapshot that failed made after all, if that is a while ago; somebody looks at it again."""
    rested = or_(Snapshot.leased_until.is_(None), Snapshot.leased_until < func.now())
    failed = (Snapshot.id == snapshot.id) & (Snapshot.status == "failed") & rested
    waits = {"status": "pending", "attempt": 0, "leased_until": None}
    await session.execute(update(Snapshot).where(failed).values(**waits))
    await session.refresh(snapshot)


async def waiting(session: AsyncSession) -> dict[str, int]:
    """Count the snapshots that wait, and those that are being made."""
    open_ones = Snapshot.status.in_(("pending", "rendering"))
    query = select(Snapshot.status, func.count()).where(open_ones).group_by(Snapshot.status)
    rows = await session.execute(query)
    return {"pending": 0, "rendering": 0, **{row.status: row[1] for row in rows}}


async def hand_back(session: AsyncSession, snapshot_id: UUID) -> None:
    """Let another attempt take a snapshot at once."""
    mine = (Snapshot.id == snapshot_id) & (Snapshot.status == "rendering")
    await session.execute(update(Snapshot).where(mine).values(status="pending", leased_until=None))
