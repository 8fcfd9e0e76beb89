"""Who looks at a dashboard, what it costs, which of its tiles are slow, and what nobody opens any more."""

# ruff: noqa: S608 - only words of our own are put into these statements

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from notehouse_core.notebook_cells import id_of
from notehouse_core.store.models import DashboardVersion
from notehouse_hub.rights.server import Server

UNUSED_DAYS = 90
_LOOKED = "event IN ('view', 'filter')"
_SINCE = "time >= now() - toIntervalDay({days:UInt32})"
_DAYS = f"""
SELECT toString(toDate(time)), countIf({_LOOKED}), uniqIf(user, {_LOOKED}) FROM notehouse.dashboard_events
WHERE tenant = {{tenant:String}} AND dashboard = {{dashboard:String}} AND {_SINCE}
GROUP BY 1 ORDER BY 1"""
_WHOLE = f"""
SELECT countIf({_LOOKED}), uniqIf(user, {_LOOKED}), countIf(event = 'live'), countIf(event IN ('export', 'csv')),
    round(ifNotFinite(quantileIf(0.95)(milliseconds, event = 'view'), 0))
FROM notehouse.dashboard_events
WHERE tenant = {{tenant:String}} AND dashboard = {{dashboard:String}} AND {_SINCE}"""
_COST = f"""
SELECT count(), round(sum(milliseconds) / 1000, 3), sum(rows_read), sum(bytes_read) FROM notehouse.query_metrics
WHERE tenant = {{tenant:String}} AND object IN {{objects:Array(String)}} AND {_SINCE}"""
_LAST = f"""
SELECT dashboard, toUnixTimestamp(max(time)), count(), uniq(user) FROM notehouse.dashboard_events
WHERE tenant = {{tenant:String}} AND {_LOOKED} AND {_SINCE} GROUP BY dashboard"""


@dataclass(frozen=True)
class Use:
    """What happened to one dashboard; times in milliseconds, the cost in seconds, rows and bytes of queries."""

    days: list[tuple[str, int, int]]
    views: int
    viewers: int
    live: int
    exports: int
    p95_milliseconds: float
    queries: int
    query_seconds: float
    rows_read: int
    bytes_read: int


async def use_of(
    server: Server, tenant: str, slug: str, versions: Sequence[DashboardVersion], days: int
) -> Use:
    """The use of a dashboard within the last `days`. Raises SourceDown."""
    which = {"tenant": tenant, "dashboard": slug, "days": str(days)}
    by_day = await server.rows(_DAYS, **which)
    ((views, viewers, live, exports, slowest),) = await server.rows(_WHOLE, **which)
    objects = ", ".join(f"'dashboard-version:{one.id}'" for one in versions)
    ((queries, seconds, rows, size),) = await server.rows(
        _COST, tenant=tenant, days=str(days), objects=f"[{objects}]"
    )
    return Use(
        [(day, seen, people) for day, seen, people in by_day],
        views, viewers, live, exports, slowest, queries, seconds, rows, size,
    )  # fmt: skip


async def last_looks(server: Server, tenant: str, days: int) -> dict[str, tuple[datetime, int, int]]:
    """When each dashboard of a tenant was last looked at, how often and by how many, by its slug."""
    rows = await server.rows(_LAST, tenant=tenant, days=str(days))
    return {slug: (datetime.fromtimestamp(last, UTC), views, people) for slug, last, views, people in rows}


def tile_milliseconds(executed: bytes) -> dict[str, int]:
    """How long each cell of an executed notebook took, by its id: from its start to the kernel's reply."""
    found: dict[str, int] = {}
    for place, cell in enumerate(json.loads(executed)["cells"], start=1):
        times: dict[str, Any] = cell.get("metadata", {}).get("execution", {})
        began, ended = times.get("iopub.execute_input"), times.get("shell.execute_reply")
        if began and ended:
            lasted = datetime.fromisoformat(ended) - datetime.fromisoformat(began)
            found[id_of(cell, place)] = round(lasted.total_seconds() * 1000)
    return found
