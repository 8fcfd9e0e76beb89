"""P14: does the API stay quick with 100,000 dashboards and 10,000 people, Postgres' row-level security on?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from sqlalchemy import text

from benchmarks import load
from benchmarks.crowd import DASHBOARDS, USERS, crowd, database_of, look_again
from benchmarks.figures import Figure, Result, at_most, holds
from benchmarks.stage import Stage
from notehouse_core.store import dashboards
from notehouse_core.store.database import Database
from notehouse_core.store.isolation import limit_to
from notehouse_core.store.people import actor_of, find_user

SOMEBODY, TENANT = "united-analyst", "united"
RATE, SECONDS, LIMIT = 100, 10, 200
PATHS = {
    "list": "dashboards?limit=50",
    "search": "dashboards?limit=50&search=delays",
    "open": "dashboards/united:punctuality",
    "explain": "explain-access?object=dashboard:united:punctuality",
}


def measure(stage: Stage) -> list[Result]:
    """Measure each kind of request at a rate, with the crowd there, and look at how Postgres finds the rows."""
    with stage.api("admin") as admin:
        quotas = f"tenants/{TENANT}/quotas"
        admin.put(quotas, json={"requests_a_minute": 1_000_000}).raise_for_status()
        try:
            return asyncio.run(_in_a_crowd(stage))
        finally:
            admin.put(quotas, json={}).raise_for_status()


async def _in_a_crowd(stage: Stage) -> list[Result]:
    database = database_of(stage)
    with stage.api(SOMEBODY) as api:
        headers = {"Authorization": api.headers["Authorization"], "Accept": "application/json"}
    try:
        async with crowd(database, TENANT):
            await look_again(stage)
            await asyncio.sleep(5)  # the new rights are read by all who follow them
            results = [await _timed(stage, what, path, headers) for what, path in PATHS.items()]
            return [*results, await _plan(database)]
    finally:
        await database.close()


async def _timed(stage: Stage, what: str, path: str, headers: dict[str, str]) -> Result:
    address = f"{stage.url}/services/notehouse/api/v1/{path}"
    spent = await load.at_a_rate(address, RATE, SECONDS, _asking(address, headers))
    slowest = sorted(each * 1000 for each in spent)[int(len(spent) * 0.95)]
    said = f"{what}, p95 at {RATE}/s among {DASHBOARDS:,} dashboards and {USERS:,} people"
    return at_most("P14", said, Figure.of([slowest], "ms"), LIMIT)


def _asking(address: str, headers: dict[str, str]) -> Callable[[load.Connection], asyncio.Future[None]]:
    where = urlsplit(address)
    path = f"{where.path}?{where.query}" if where.query else where.path

    async def visit(connection: load.Connection) -> None:
        answer = await connection.ask(path, headers)
        if answer.status != 200:
            raise ValueError(answer.body[:300])

    return visit  # type: ignore[return-value]


async def _plan(database: Database) -> Result:
    """How Postgres finds the dashboards of a list, as somebody who sees one tenant."""
    async with database.session() as session:
        found = await find_user(session, SOMEBODY)
        if found is None:
            raise ValueError(f"There is no {SOMEBODY}.")
        await limit_to(session, [one.tenant_id for one in found.memberships])
        query = dashboards.visible_to(actor_of(found)).limit(50)
        compiled = query.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        began = time.perf_counter()
        lines = (await session.scalars(text(f"EXPLAIN {compiled}"))).all()
        took = (time.perf_counter() - began) * 1000
    indexed = not any("Seq Scan on dashboards" in line for line in lines)
    return holds(
        "P14", "the list under row-level security", f"{took:.0f} ms to plan", "uses an index", met=indexed
    )
