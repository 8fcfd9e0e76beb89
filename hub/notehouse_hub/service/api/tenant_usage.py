"""What a tenant's people asked of ClickHouse, and what it cost: by day and person."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel

from notehouse_core import errors
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.api.tenants import Slug, tenant_of
from notehouse_hub.service.identity import CallerDep
from notehouse_hub.service.resources import ResourcesDep, SessionDep

router = ApiRouter(prefix="/tenants/{slug}/usage", tags=["Tenants"])

_DAYS, _MOST_DAYS = 30, 400
_STATEMENT = """
SELECT toString(toDate(time)) AS day, user, count(), countIf(status = 'failed'), sum(rows_read), sum(bytes_read),
    round(sum(milliseconds) / 1000, 3), countIf(cached)
FROM notehouse.query_metrics
WHERE tenant = {tenant:String} AND time >= toDateTime64({since:String}, 3, 'UTC')
    AND time < toDateTime64({until:String}, 3, 'UTC')
GROUP BY day, user ORDER BY day DESC, user LIMIT 100000"""


class UsageOfDay(BaseModel):
    """What one person's queries cost on one day (UTC), whatever they ran in."""

    day: date
    user: str
    queries: int
    failed: int
    rows_read: int
    bytes_read: int
    seconds: float
    cached: int


class Usage(BaseModel):
    """The newest day first; `since` and `until` are its first and last day."""

    since: date
    until: date
    items: list[UsageOfDay]


@router.get("")
async def usage(
    slug: Slug,
    caller: CallerDep,
    session: SessionDep,
    resources: ResourcesDep,
    since: Annotated[date | None, Query(description="first day, 30 days back when left out")] = None,
    until: Annotated[date | None, Query(description="last day, today when left out")] = None,
) -> Usage:
    """Show what queries cost, by day and person, to those who manage the tenant."""
    await tenant_of(session, caller, slug)
    _ = caller.person
    caller.require("manage-tenant", slug)
    last = until or datetime.now(UTC).date()
    first = since or max(last, date.min + timedelta(_DAYS)) - timedelta(_DAYS)
    if not 0 <= (last - first).days < _MOST_DAYS:
        raise errors.Invalid(
            f"Ask for 1 to {_MOST_DAYS} days, the first one before the last.",
            fields=[{"field": "since", "message": f"at most {_MOST_DAYS} days before until"}],
        )
    rows = await resources.clickhouse.rows(
        _STATEMENT, tenant=slug, since=f"{first} 00:00:00", until=f"{last} 23:59:59.999"
    )
    return Usage(since=first, until=last, items=[_out(*row) for row in rows])


def _out(
    day: str, user: str, queries: int, failed: int, read: int, size: int, seconds: float, cached: int
) -> UsageOfDay:
    return UsageOfDay(
        day=date.fromisoformat(day),
        user=user,
        queries=queries,
        failed=failed,
        rows_read=read,
        bytes_read=size,
        seconds=seconds,
        cached=cached,
    )
