"""`python -m notehouse_scheduler`: a worker. It ticks, executes runs, looks at alerts, sends messages."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from uuid import UUID

from notehouse_core.artifacts import open_artifacts
from notehouse_core.control_plane import ControlPlane
from notehouse_core.ids import uuid7
from notehouse_core.logs import configure_logs
from notehouse_core.settings import Settings, load_settings, required
from notehouse_core.store.database import Database
from notehouse_core.warehouse import Warehouse
from notehouse_scheduler import watched
from notehouse_scheduler.child import environment
from notehouse_scheduler.courier import Courier
from notehouse_scheduler.forecast import Forecast
from notehouse_scheduler.forks import Forks
from notehouse_scheduler.queue import QUEUE, TASK, make_app
from notehouse_scheduler.runner import Runner
from notehouse_scheduler.thumbnails import Thumbnails
from notehouse_scheduler.tick import tick_for_ever
from notehouse_scheduler.watch import Watch
from notehouse_scheduler.webhooks import Webhooks


async def work(settings: Settings) -> None:
    """Work until SIGTERM; runs under way are handed back for another worker."""
    url = required(settings.database_url, "database_url")
    database, control = Database(url), ControlPlane(settings)
    name = f"{socket.gethostname()}-{os.getpid()}-{uuid7().hex[-6:]}"
    artifacts, warehouse = open_artifacts(settings), Warehouse(settings)
    webhooks = Webhooks(settings)
    forks = Forks(environment())
    forks.begin()
    runner = Runner(database, control, artifacts, name, settings.cell_timeout_seconds, forks)
    app = make_app(url)

    @app.task(name=TASK, queue=QUEUE)
    async def execute_run(run_id: str) -> None:
        await runner.execute(UUID(run_id))

    listening = await watched.serve(database, settings.bind, settings.worker_port)
    async with app.open_async():
        ticking = asyncio.create_task(tick_for_ever(database, app))
        watching = asyncio.create_task(Watch(database, control, warehouse).for_ever())
        preparing = asyncio.create_task(Forecast(database, control).for_ever())
        sending = asyncio.create_task(Courier(database, artifacts, settings, webhooks).for_ever())
        picturing = asyncio.create_task(Thumbnails(database, artifacts, settings).for_ever())
        working = asyncio.create_task(
            app.run_worker_async(
                queues=[QUEUE],
                concurrency=settings.concurrent_runs,
                install_signal_handlers=False,
                delete_jobs="always",
                shutdown_graceful_timeout=0,
                fetch_job_polling_interval=5.0,
            )
        )
        await _until_stopped(ticking, watching, preparing, sending, picturing, working)
    listening.close()
    forks.end()
    await webhooks.aclose()
    await warehouse.close()
    await control.aclose()
    await database.close()


async def _until_stopped(*tasks: asyncio.Task[None]) -> None:
    """Wait for SIGTERM or SIGINT, or for the failure of a part, which the supervisor then sees."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    waiting = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({*tasks, waiting}, return_when=asyncio.FIRST_COMPLETED)
    for task in (*tasks, waiting):
        task.cancel()
    await asyncio.gather(*tasks, waiting, return_exceptions=True)
    for task in done - {waiting}:
        task.result()


if __name__ == "__main__":
    configure_logs(load_settings().log_level)
    asyncio.run(work(load_settings()))
