"""Runs: claimed by one worker at a time under a lease, ended once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from notehouse_core.store.models import Run

LEASE = timedelta(seconds=30)
MOST_DEATHS = 3  # workers that may die over one run before it counts as failed


async def waiting(session: AsyncSession) -> list[UUID]:
    """Runs that some worker should take: queued ones, and those whose worker has died."""
    return list(await session.scalars(select(Run.id).where(_free()).order_by(Run.created_at).limit(200)))


async def claim(session: AsyncSession, run_id: UUID, worker: str) -> Run | None:
    """Take a run under a lease, counting the attempt; None when somebody else has it or it has ended."""
    taken = await session.scalar(
        update(Run)
        .where(Run.id == run_id, _free())
        .values(
            state="running",
            attempt=Run.attempt + 1,
            worker=worker,
            leased_until=func.now() + LEASE,
            started_at=func.coalesce(Run.started_at, func.now()),
            error=None,
            progress={},
        )
        .returning(Run.id)
    )
    if taken is None:
        return None
    query = select(Run).where(Run.id == taken).options(selectinload(Run.run_as), selectinload(Run.tenant))
    return (await session.scalars(query)).one()


async def renew(session: AsyncSession, run_id: UUID, worker: str, progress: dict[str, Any]) -> bool:
    """Keep the lease and store the progress; False when the run is to end, or is no longer this worker's."""
    row = await session.execute(
        update(Run)
        .where(Run.id == run_id, Run.worker == worker, Run.state == "running")
        .values(leased_until=func.now() + LEASE, progress=progress)
        .returning(Run.cancel_requested_at)
    )
    found = row.one_or_none()
    return found is not None and found[0] is None


async def finish(session: AsyncSession, run_id: UUID, worker: str, state: str, **outcome: Any) -> bool:
    """End a run, or queue it again; False when it is no longer this worker's, and nothing is changed."""
    ended = None if state == "queued" else func.now()
    row = await session.execute(
        update(Run)
        .where(Run.id == run_id, Run.worker == worker, Run.state == "running")
        .values(state=state, leased_until=None, ended_at=ended, **outcome)
        .returning(Run.id)
    )
    return row.one_or_none() is not None


def _free() -> Any:
    abandoned = and_(Run.state == "running", Run.leased_until < func.now())
    return or_(Run.state == "queued", abandoned)
