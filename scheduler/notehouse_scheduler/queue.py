"""The job queue: procrastinate in our own Postgres. It carries the ids of runs; what a run is stays in its row."""

from __future__ import annotations

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued

QUEUE = "runs"
TASK = "execute_run"


def make_app(database_url: str) -> App:
    """The queue in this database (an SQLAlchemy URL)."""
    address = database_url.replace("postgresql+psycopg://", "postgresql://")
    return App(connector=PsycopgConnector(conninfo=address, min_size=1, max_size=5))


async def enqueue(app: App, run_id: str) -> None:
    """Have some worker execute a run; one job at most waits for each."""
    task = app.configure_task(TASK, queue=QUEUE, queueing_lock=run_id, allow_unknown=True)
    try:
        await task.defer_async(run_id=run_id)
    except AlreadyEnqueued:
        return
