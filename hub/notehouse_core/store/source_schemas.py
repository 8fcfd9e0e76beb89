"""The cached schemas of data sources, and how far the reading of each is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.store.models import DataSource, Permission, SchemaRefresh, SourceColumn
from notehouse_core.store.plan import PREFIX
from notehouse_core.store.sources import load_places, warehouse_database

LOST = timedelta(seconds=90)  # without a heartbeat; longer than one question may take
STOPPED = "The reading stopped before its end, because its process did. Start it again."


async def begin(session: AsyncSession, source: DataSource) -> tuple[SchemaRefresh, bool]:
    """The refresh of a source, started anew unless one runs; and whether it is for the caller to do."""
    new = postgresql.insert(SchemaRefresh).values(
        tenant_id=source.tenant_id, data_source_id=source.id, state="failed"
    )
    await session.execute(new.on_conflict_do_nothing(index_elements=["data_source_id"]))
    query = select(SchemaRefresh).where(SchemaRefresh.data_source_id == source.id).with_for_update()
    found = (await session.scalars(query.execution_options(populate_existing=True))).one()
    if found.state == "running" and not is_lost(found):
        return found, False
    now = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    found.state, found.error, found.started_at, found.ended_at = "running", None, now, None
    found.tables_done, found.tables_total, found.updated_at = 0, None, now
    await session.flush()
    return found, True


def is_lost(refresh: SchemaRefresh) -> bool:
    """Has nobody been heard of who does it?"""
    return refresh.state == "running" and datetime.now(UTC) - refresh.updated_at > LOST


async def refresh_of(session: AsyncSession, source: DataSource) -> SchemaRefresh | None:
    """The last refresh of a source, None before the first."""
    query = select(SchemaRefresh).where(SchemaRefresh.data_source_id == source.id)
    return await session.scalar(query)


async def advance(session: AsyncSession, source_id: UUID, **values: Any) -> None:
    """Say how far a refresh is."""
    mine = SchemaRefresh.data_source_id == source_id
    await session.execute(
        update(SchemaRefresh).where(mine).values(**values, updated_at=func.clock_timestamp())
    )


async def replace(session: AsyncSession, source: DataSource, columns: Sequence[dict[str, Any]]) -> None:
    """Put these columns in the place of what was known of a source."""
    await session.execute(delete(SourceColumn).where(SourceColumn.data_source_id == source.id))
    common = {"tenant_id": source.tenant_id, "data_source_id": source.id}
    if columns:
        await session.execute(insert(SourceColumn), [{**common, **one} for one in columns])


async def columns_of(session: AsyncSession, source: DataSource) -> Iterable[SourceColumn]:
    """What is known of a source, by schema, table and position."""
    query = select(SourceColumn).where(SourceColumn.data_source_id == source.id)
    return await session.scalars(
        query.order_by(SourceColumn.schema, SourceColumn.table, SourceColumn.position)
    )


async def house_databases(session: AsyncSession, source: DataSource) -> list[str]:
    """The databases that a source of the house stands for: its own, and those that roles read by its name."""
    resources = await session.scalars(
        select(Permission.resource)
        .where(Permission.tenant_id == source.tenant_id)
        .where(Permission.resource.startswith(f"{PREFIX}{source.name}/", autoescape=True))
        .distinct()
    )
    named = {one.partition("/")[2].partition(".")[0] for one in resources}
    places = await load_places(session)
    found = {one for one in named if places.holds(source.tenant.slug, source.name, one)}
    return sorted((found | {warehouse_database(source)}) - {"", "system"})
