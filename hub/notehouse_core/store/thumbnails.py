"""Small pictures of dashboards: each is of one snapshot, and shown only to those whose class the snapshot is of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, and_, cast, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.store.models import Dashboard, DashboardVersion, Snapshot

CELL = "thumbnail"  # in `Snapshot.cells`: the artifact, "" where none can be made
AT = "thumbnail_at"  # in `Snapshot.cells`: when that was made
LASTS = timedelta(hours=1)  # before one that was made once more is pictured anew
_WAITING = ("pending", "rendering")


async def next_without(session: AsyncSession) -> tuple[UUID, str, str] | None:
    """A snapshot to be pictured: its id, the artifact of its executed notebook, the dashboard's name.

    None when all are, and as long as somebody waits for a page, which goes first. Only versions that are shown, with
    the filters that they were published with.
    """
    if await session.scalar(select(Snapshot.id).where(Snapshot.status.in_(_WAITING)).limit(1)):
        return None
    executed = Snapshot.cells["executed"].astext
    query = (
        select(Snapshot.id, executed, Dashboard.name)
        .join(DashboardVersion, Snapshot.version_id == DashboardVersion.id)
        .join(Dashboard, Dashboard.published_version_id == DashboardVersion.id)
        .where(Dashboard.deleted_at.is_(None), Snapshot.status == "ready", executed.is_not(None))
        .where(
            or_(~Snapshot.cells.has_key(CELL), _is_old()), Snapshot.parameters == DashboardVersion.parameters
        )
        .order_by(Snapshot.created_at)
    )
    found = (await session.execute(query.limit(1))).one_or_none()
    return (found[0], str(found[1]), found[2]) if found else None


async def keep(session: AsyncSession, snapshot_id: UUID, artifact: str) -> None:
    """Remember the picture of a snapshot; "" for one of which none can be made."""
    row = update(Snapshot).where(Snapshot.id == snapshot_id)
    told = {CELL: artifact, AT: datetime.now(UTC).isoformat()}
    await session.execute(row.values(cells=Snapshot.cells.concat(cast(told, JSONB))))


def kept_of(cells: Mapping[str, Any]) -> dict[str, Any]:
    """What a snapshot that is made once more keeps of this: its picture is shown until there is another."""
    return {name: cells[name] for name in (CELL, AT) if name in cells}


def _is_old() -> ColumnElement[bool]:
    made = cast(Snapshot.cells[AT].astext, DateTime(timezone=True))
    return and_(Snapshot.cells[CELL].astext != "", made < func.now() - LASTS, Snapshot.rendered_at > made)


async def shown(session: AsyncSession, seen: Mapping[UUID, str]) -> dict[UUID, str]:
    """The pictures (artifacts) of versions as classes see them: `seen` names a class for each version."""
    wanted: Iterable[tuple[UUID, str]] = seen.items()
    query = select(Snapshot.version_id, Snapshot.cells[CELL].astext).where(
        tuple_(Snapshot.version_id, Snapshot.access_class).in_(list(wanted)), Snapshot.cells.has_key(CELL)
    )
    rows = (await session.execute(query)).all() if seen else []
    return {version: artifact for version, artifact in rows if artifact}
