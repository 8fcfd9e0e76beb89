"""A worker executes one run: claim it, drive a kernel of its class, keep what came out, end it once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors, log_context
from notehouse_core.access import AccessClass
from notehouse_core.alerting import Finding
from notehouse_core.artifacts import ArtifactStore
from notehouse_core.control_plane import ControlPlane, KernelGateway
from notehouse_core.remote_kernel import RemoteKernelManager
from notehouse_core.store import alerts, deliveries, runs
from notehouse_core.store.database import Database
from notehouse_core.store.models import Run, Schedule
from notehouse_core.store.plan import class_of
from notehouse_scheduler import child, outputs, raised, watched
from notehouse_scheduler.forks import Forks
from notehouse_scheduler.order import Order, Progress, RunError

RENEW_EVERY = 2.0  # seconds between two signs of life; a cancelled run ends as soon

log = logging.getLogger(__name__)


class Cancelled(Exception):
    """Somebody asked the run to end, or another worker has it."""


@dataclass(frozen=True)
class Runner:
    """What executing runs needs; one a worker."""

    database: Database
    control: ControlPlane
    artifacts: ArtifactStore
    worker: str
    cell_timeout: int
    forks: Forks | None = None

    async def execute(self, run_id: UUID) -> None:
        """Execute a run unless somebody else does. Whatever happens, its row says how it ended."""
        async with self.database.session() as session:
            run = await runs.claim(session, run_id, self.worker)
        if run is None:
            return
        with log_context.about(request_id=str(run.id), run=str(run.id)):
            log.info("a run begins", extra={"attempt": run.attempt})
            with tempfile.TemporaryDirectory(prefix="run-") as folder:
                await self._execute(run, Path(folder))

    async def _execute(self, run: Run, folder: Path) -> None:
        executed = folder / "executed.ipynb"
        try:
            error = await self._attempt(run, folder, executed)
            state = "failed" if error else "succeeded"
        except Cancelled:
            error, state = None, "cancelled"
        except asyncio.CancelledError:
            await self._finish(run, "queued", None, executed)  # this worker stops; another one takes it
            raise
        except errors.NotehouseError as failure:
            error, state = RunError(None, type(failure).__name__, failure.message), "failed"
        if state == "failed" and run.attempt <= run.retries:
            state = "queued"
        await self._finish(run, state, error, executed)

    async def _attempt(self, run: Run, folder: Path, executed: Path) -> RunError | None:
        if run.attempt > run.retries + runs.MOST_DEATHS:
            return RunError(None, "WorkerDied", "The worker died each time it executed this notebook.")
        async with self.database.session() as session:
            rights = await class_of(session, run.run_as.username, run.tenant.slug)
        notebook = folder / "notebook.ipynb"
        notebook.write_bytes(await asyncio.to_thread(self.artifacts.get, run.notebook))
        async with self._kernel(run, rights) as (kernel, gateway):
            order = Order(
                gateway_url=kernel.url,
                hub_token=gateway.token,
                kernel_id=str(kernel.kernel_id),
                notebook=str(notebook),
                output=str(executed),
                run=str(run.id),
                cell_timeout=min(self.cell_timeout, run.timeout_seconds),
                parameters=run.parameters,
            )
            return await self._watched(run, order)

    @asynccontextmanager
    async def _kernel(
        self, run: Run, rights: AccessClass
    ) -> AsyncIterator[tuple[RemoteKernelManager, KernelGateway]]:
        """A kernel with a token that ends with it."""
        gateway = await self.control.kernel_gateway(rights.id)
        token = await self.control.mint_token(
            "run",
            rights.id,
            f"run:{run.id}",
            run.timeout_seconds + 300,
            on_behalf_of=run.run_as.username,
            tenant=run.tenant.slug,
            writes=await self._wrote_it(run),
        )
        kernel = RemoteKernelManager(url=gateway.url, hub_token=gateway.token, execution_token=token.token)
        await kernel.start_kernel()
        try:
            yield kernel, gateway
        finally:
            with contextlib.suppress(errors.NotehouseError):  # a gateway that is gone has no kernel left
                await self._end_kernel(kernel, rights)
            with contextlib.suppress(errors.NotehouseError):  # the token ends by itself
                await self.control.revoke_token(token.id)

    async def _wrote_it(self, run: Run) -> bool:
        """Is the notebook the one that whoever it runs as gave? A dashboard's next version may be somebody else's."""
        async with self.database.session() as session:
            schedule = await session.get(Schedule, run.schedule_id) if run.schedule_id else None
        return schedule is not None and schedule.dashboard_id is None and schedule.owner_id == run.run_as_id

    async def _end_kernel(self, kernel: RemoteKernelManager, rights: AccessClass) -> None:
        """End a kernel with a token of this moment: the one it was started with may have ended."""
        gateway = await self.control.kernel_gateway(rights.id)
        fresh = RemoteKernelManager(url=gateway.url, hub_token=gateway.token, kernel_id=kernel.kernel_id)
        await fresh.shutdown_kernel(now=True)

    async def _watched(self, run: Run, order: Order) -> RunError | None:
        """Carry the order out under the run's time limit, renewing the lease. Raises Cancelled."""
        seen: list[Progress] = [Progress(0, 0)]
        executing = asyncio.create_task(child.execute(order, seen.append, self.forks))
        renewing = asyncio.create_task(self._renew(run, seen))
        try:
            async with asyncio.timeout(run.timeout_seconds):
                await asyncio.wait({executing, renewing}, return_when=asyncio.FIRST_COMPLETED)
            if not executing.done():
                raise Cancelled
            return executing.result().error
        except TimeoutError:
            message = f"The run took longer than {run.timeout_seconds} seconds."
            return RunError(seen[-1].cell, "RunTimeout", message)
        finally:
            for task in (executing, renewing):
                task.cancel()
            await asyncio.gather(executing, renewing, return_exceptions=True)

    async def _renew(self, run: Run, seen: list[Progress]) -> None:
        """Return when the run is to end; Postgres being away for less than the lease does no harm."""
        while True:
            async with self.database.session() as session:
                if not await runs.renew(session, run.id, self.worker, asdict(seen[-1])):
                    return
            await asyncio.sleep(RENEW_EVERY)

    async def _owe(
        self,
        session: AsyncSession,
        run: Run,
        state: str,
        error: dict[str, Any] | None,
        findings: dict[str, Finding],
    ) -> None:
        """Owe what follows from the end of a run, in the transaction that ends it."""
        await deliveries.owe_report(session, run, state, error)
        if run.alert_id is None or state not in {"succeeded", "failed"}:
            return
        alert = await alerts.find(session, run.alert_id, lock=True)
        if alert is not None:
            await alerts.looked(session, alert, findings, datetime.now(UTC), run_id=run.id)

    async def _finish(self, run: Run, state: str, error: RunError | None, executed: Path) -> None:
        kept = await outputs.keep(executed, run.name, self.artifacts)
        told = asdict(error) if error else None
        findings = await asyncio.to_thread(raised.findings_of, executed, error) if run.alert_id else {}
        async with self.database.session() as session:
            mine = await runs.finish(session, run.id, self.worker, state, artifacts=kept, error=told)
            if mine:
                await self._owe(session, run, state, told, findings)
        watched.RUNS.labels(state).inc()
        log.info("a run has ended", extra={"state": state, "taken_over": not mine})
