"""Two versions of a dashboard run for the same class on the same data: snapshots of their own, that no viewer sees."""

from __future__ import annotations

import hashlib
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.store.dashboards import CHANNEL, parameters_hash, request_one
from notehouse_core.store.models import DashboardVersion, Snapshot


def comparison_hash(version: DashboardVersion, mark: str) -> str:
    """What stands in the place of the parameters' fingerprint: another one for every state of the data."""
    return hashlib.sha256(f"compared at {mark}: {parameters_hash(version.parameters)}".encode()).hexdigest()


async def compared(
    session: AsyncSession, version: DashboardVersion, access_class: str, mark: str
) -> Snapshot:
    """The run of a version on the data of `mark`, asked for where there is none yet."""
    key = comparison_hash(version, mark)
    await request_one(session, version, access_class, version.parameters, key, mark)
    await session.execute(text(f"NOTIFY {CHANNEL}"))
    found = await comparison(session, version.id, access_class, key)
    assert found is not None  # noqa: S101 - put in above, or there before
    return found


async def comparison(session: AsyncSession, version_id: UUID, access_class: str, key: str) -> Snapshot | None:
    """A run for a comparison, None where there is none."""
    query = select(Snapshot).where(
        Snapshot.version_id == version_id,
        Snapshot.access_class == access_class,
        Snapshot.parameters_hash == key,
    )
    return (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()
