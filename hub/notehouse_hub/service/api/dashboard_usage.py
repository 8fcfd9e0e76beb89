"""Usage of dashboards: viewers, what rendering costs, slow tiles, and those that nobody opens."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.store import dashboards as store
from notehouse_core.store.models import Dashboard, Snapshot
from notehouse_hub.service.api.dashboards import allowed
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.api.tenants import Slug, tenant_of
from notehouse_hub.service.dashboard_use import UNUSED_DAYS, last_looks, tile_milliseconds, use_of
from notehouse_hub.service.identity import CallerDep
from notehouse_hub.service.resources import Resources, ResourcesDep, SessionDep

router = ApiRouter(tags=["Dashboards"])

Days = Annotated[int, Query(ge=1, le=400, description="how far back")]


class DayOfUse(BaseModel):
    """Views and viewers on a day (UTC)."""

    day: date
    views: int
    viewers: int


class SlowTile(BaseModel):
    """How long a cell took when the newest snapshot was made."""

    cell: str
    title: str
    milliseconds: int


class DashboardUsage(BaseModel):
    """What happened within `days`; queries, seconds, rows and bytes are those of rendering and of live pages."""

    days: int
    views: int
    viewers: int
    live: int
    exports: int
    p95_milliseconds: float
    queries: int
    query_seconds: float
    rows_read: int
    bytes_read: int
    by_day: list[DayOfUse]
    tiles: list[SlowTile]


class DashboardLook(BaseModel):
    """A dashboard and when it was last looked at; `is_unused` when nobody has for 90 days, nor changed it."""

    dashboard: str
    name: str
    owner: str
    views: int
    viewers: int
    last_opened_at: datetime | None
    is_unused: bool


class DashboardLooks(BaseModel):
    """Those that nobody opens first."""

    items: list[DashboardLook]


@router.get("/dashboards/{reference}/usage")
async def usage(
    reference: str, caller: CallerDep, session: SessionDep, resources: ResourcesDep, days: Days = 30
) -> DashboardUsage:
    """Show who looks at a dashboard and what it costs, to those who may edit it."""
    found = await allowed(session, caller, reference, "edit")
    versions = await store.versions_of(session, found)
    use = await use_of(resources.clickhouse, found.tenant.slug, found.slug, versions, days)
    return DashboardUsage(
        days=days,
        by_day=[DayOfUse(day=date.fromisoformat(day), views=seen, viewers=by) for day, seen, by in use.days],
        tiles=await _tiles(session, resources, found),
        **{name: value for name, value in vars(use).items() if name != "days"},
    )


@router.get("/tenants/{slug}/dashboard-usage")
async def looks(
    slug: Slug, caller: CallerDep, session: SessionDep, resources: ResourcesDep, days: Days = UNUSED_DAYS
) -> DashboardLooks:
    """List a tenant's dashboards by when they were last opened, to those who manage it."""
    tenant = await tenant_of(session, caller, slug)
    _ = caller.person
    caller.require("manage-tenant", slug)
    known = await last_looks(resources.clickhouse, slug, days)
    found = await session.scalars(store.loaded().where(Dashboard.tenant_id == tenant.id))
    items = [_look(one, known.get(one.slug)) for one in found]
    never = datetime.min.replace(tzinfo=UTC)
    return DashboardLooks(items=sorted(items, key=lambda one: one.last_opened_at or never))


def _look(one: Dashboard, known: tuple[datetime, int, int] | None) -> DashboardLook:
    last, views, viewers = known or (None, 0, 0)
    version = one.published_version
    changed = max(one.updated_at, version.created_at) if version else one.updated_at
    oldest = datetime.now(UTC) - timedelta(UNUSED_DAYS)
    return DashboardLook(
        dashboard=f"{one.tenant.slug}:{one.slug}",
        name=one.name,
        owner=one.owner.username,
        views=views,
        viewers=viewers,
        last_opened_at=last,
        is_unused=changed < oldest and (last is None or last < oldest),
    )


async def _tiles(session: AsyncSession, resources: Resources, found: Dashboard) -> list[SlowTile]:
    """The cells of the newest snapshot, the slowest first; none while there is no snapshot."""
    version = found.published_version
    if version is None:
        return []
    ready = select(Snapshot).where(Snapshot.version_id == version.id, Snapshot.rendered_at.is_not(None))
    newest = await session.scalar(ready.order_by(Snapshot.rendered_at.desc()).limit(1))
    if newest is None or "executed" not in newest.cells:
        return []
    executed = await asyncio.to_thread(resources.artifacts.get, newest.cells["executed"])
    titles = {tile["id"]: tile["title"] for tile in version.tiles}
    lasted = await asyncio.to_thread(tile_milliseconds, executed)
    slowest = sorted(lasted.items(), key=lambda one: -one[1])[:20]
    return [SlowTile(cell=cell, title=titles.get(cell, ""), milliseconds=time) for cell, time in slowest]
