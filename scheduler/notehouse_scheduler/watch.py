"""The watch: looks at every alert that is due, with its owner's rights, and writes down what it found."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from notehouse_core import errors, log_context
from notehouse_core.alerting import Condition, Finding, look
from notehouse_core.control_plane import ControlPlane
from notehouse_core.ids import uuid7
from notehouse_core.store import alerts
from notehouse_core.store.database import Database
from notehouse_core.store.models import Alert
from notehouse_core.store.plan import class_of
from notehouse_core.warehouse import Statement, Warehouse
from notehouse_scheduler.watched import LOOKS

EVERY = 1.0  # seconds
AT_ONCE = 4
MOST_ROWS = 10_000
LONGEST = 90.0  # seconds of one look; less than its lease
PATIENCE, AGAIN = 30.0, 2.0  # seconds: a service that is being started again is nothing to send mails about
_PASSING = (errors.SourceDown, errors.Unavailable, errors.TooMany)
_TOKEN_SECONDS = 3600

Found = TypeVar("Found")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Watch:
    """What looking needs; one a worker. Tokens are kept by class while they live."""

    database: Database
    control: ControlPlane
    warehouse: Warehouse
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def for_ever(self) -> None:
        """Look until cancelled; Postgres being away only delays it, and a long look no other one."""
        async with asyncio.TaskGroup() as looks:
            looking: dict[UUID, Alert] = {}
            while True:
                if len(looking) < alerts.MOST_AT_ONCE:
                    for alert in await _unless_away(self._due(datetime.now(UTC))) or ():
                        self._begin(alert, looking, looks)
                await asyncio.sleep(EVERY)

    def _begin(self, alert: Alert, looking: dict[UUID, Alert], looks: asyncio.TaskGroup) -> None:
        """Begin a look; one that waits for its turn since its lease has run out goes on under the new lease."""
        if known := looking.get(alert.id):
            known.leased_until = alert.leased_until
            return
        looking[alert.id] = alert
        task = looks.create_task(_unless_away(self._look(alert)))
        task.add_done_callback(lambda _: looking.pop(alert.id))

    async def look_at_due(self, now: datetime) -> None:
        """Look at all that is due now."""
        await asyncio.gather(*(self._look(alert) for alert in await self._due(now)))

    async def _due(self, now: datetime) -> list[Alert]:
        """What is due, leased; an alert on a notebook gets a run instead, whose end decides."""
        async with self.database.session() as session:
            due = await alerts.take_due(session, now)
            for alert in due:
                if alert.notebook is not None:
                    session.add(alerts.run_of(alert, now))
                    alert.ticked_until, alert.leased_until = now, None
        return [alert for alert in due if alert.sql is not None]

    async def _look(self, alert: Alert) -> None:
        with log_context.about(request_id=str(uuid7()), alert=str(alert.id)):
            await self._look_at(alert)

    async def _look_at(self, alert: Alert) -> None:
        findings = await self._findings(alert)
        now = datetime.now(UTC)
        async with self.database.session() as session:
            current = await alerts.find(session, alert.id, lock=True)
            if current is None or current.leased_until != alert.leased_until:
                return  # deleted, or another worker has looked since
            made = await alerts.looked(session, current, findings, now)
        for one in made:
            LOOKS.labels(one.state).inc()
            if one.state != one.state_before:
                log.info("an alert is %s", one.state, extra={"was": one.state_before})

    async def _findings(self, alert: Alert) -> dict[str, Finding]:
        try:
            rows = await self._patiently(alert)
            return look(Condition.parse(alert.condition), rows, alert.group_by)
        except TimeoutError:
            return {"": Finding("error", error=f"The query took longer than {LONGEST:.0f} seconds.")}
        except errors.NotehouseError as error:
            self._forget_token(alert)
            return {"": Finding("error", error=error.message)}

    async def _patiently(self, alert: Alert) -> list[dict[str, Any]]:
        """Its rows; what does not answer is asked again for a while, and keeps nobody else waiting meanwhile."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                async with self.gate, asyncio.timeout(LONGEST):
                    return await self._rows(alert)
            except _PASSING:
                self._forget_token(alert)
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(AGAIN)

    def _forget_token(self, alert: Alert) -> None:
        """Its token may have been ended: the next look gets another."""
        for key in [key for key in self.tokens if f"/{alert.id}/" in key]:
            del self.tokens[key]

    async def _rows(self, alert: Alert) -> list[dict[str, Any]]:
        token = await self._token(alert)
        statement = Statement(alert.data_source, alert.sql or "", {}, MOST_ROWS)
        return (await self.warehouse.run(statement, "json", token)).rows()

    async def _token(self, alert: Alert) -> str:
        async with self.database.session() as session:
            rights = await class_of(session, alert.owner.username, alert.tenant.slug)
        owner, tenant = alert.owner.username, alert.tenant.slug
        key = f"{rights.id}/{alert.id}/{owner}"
        token, until = self.tokens.get(key, ("", 0.0))
        if until < time.monotonic() + LONGEST:
            minted = await self.control.mint_token(
                "run", rights.id, f"alert:{alert.id}", _TOKEN_SECONDS, on_behalf_of=owner, tenant=tenant
            )
            token = minted.token
            self.tokens[key] = (token, time.monotonic() + _TOKEN_SECONDS)
        return token


async def _unless_away(work: Coroutine[Any, Any, Found]) -> Found | None:
    """Do what needs Postgres; while that is away nothing is done, and leases run out."""
    try:
        return await work
    except (DBAPIError, OSError) as error:
        log.warning("no look at alerts, the database does not answer: %s", type(error).__name__)
        return None
