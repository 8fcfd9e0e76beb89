"""How is this worker? What it counts, and whether it reaches its database."""

from __future__ import annotations

import asyncio

from prometheus_client import Counter
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from notehouse_core import watched
from notehouse_core.store.database import Database

RUNS = Counter("notehouse_worker_runs_total", "Runs that ended, by state", ["state"])
LOOKS = Counter("notehouse_worker_alert_looks_total", "Looks at alerts, by what was found", ["state"])
DELIVERIES = Counter("notehouse_worker_deliveries_total", "Messages, by how it ended", ["kind", "outcome"])

_PATIENCE = 3.0


async def serve(database: Database, host: str, port: int) -> asyncio.Server:
    """Answer for health and metrics; ready while the database answers."""

    async def missing() -> list[str]:
        return [] if await _answers(database) else ["database"]

    return await watched.serve(missing, port, host)


async def _answers(database: Database) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE), database.session() as session:
            await session.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError, TimeoutError):
        return False
    return True
