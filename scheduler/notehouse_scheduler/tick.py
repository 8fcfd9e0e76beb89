"""The tick: what is due becomes runs, and every run that waits has a job. Any number of workers may tick."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

from procrastinate import App
from procrastinate.exceptions import ConnectorException
from sqlalchemy.exc import DBAPIError

from notehouse_core.store import runs, schedules
from notehouse_core.store.database import Database
from notehouse_scheduler.queue import enqueue

EVERY = 1.0  # seconds

log = logging.getLogger(__name__)


async def tick_for_ever(database: Database, app: App) -> None:
    """Tick until cancelled; Postgres being away only delays it."""
    while True:
        try:
            await tick(database, app, datetime.now(UTC))
        except (DBAPIError, ConnectorException, OSError) as error:
            log.warning("no tick, the database does not answer: %s", type(error).__name__)
        await asyncio.sleep(EVERY)


async def tick(database: Database, app: App, now: datetime) -> None:
    """One look: a crash between the two steps is made good by the next."""
    async with database.session() as session:
        made = await schedules.make_due_runs(session, now)
    if made:
        log.info("%s runs are due", made)
    async with database.session() as session:
        waiting = await runs.waiting(session)
    for run_id in waiting:
        await enqueue(app, str(run_id))
