"""The watch and a service that is being started again: it asks once more before it tells anybody."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest
from sqlalchemy import select, update

from contracts.outside import House
from integration.scheduler.test_alerts_and_deliveries import make_alert, owed
from notehouse_core.alerting import Finding
from notehouse_core.errors import SourceDown
from notehouse_core.store import alerts
from notehouse_core.store.database import Database
from notehouse_core.store.models import Alert, AlertEvaluation
from notehouse_scheduler import watch
from notehouse_scheduler.watch import Watch


@dataclasses.dataclass(frozen=True)
class Warehouses(Watch):
    """Those of `away` do not answer, so often; all others have one row."""

    away: dict[UUID, int] = dataclasses.field(default_factory=dict)
    begun: list[UUID] = dataclasses.field(default_factory=list)

    async def _findings(self, alert: Alert) -> dict[str, Finding]:
        self.begun.append(alert.id)
        return await super()._findings(alert)

    async def _rows(self, alert: Alert) -> list[dict[str, Any]]:
        if self.away.get(alert.id, 0) > 0:
            self.away[alert.id] -= 1
            raise SourceDown("The query gateway does not answer.")
        return [{"n": 1}]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "AGAIN", 0.01)
    monkeypatch.setattr(watch, "PATIENCE", 3.0)
    monkeypatch.setattr(watch, "EVERY", 0.05)


@pytest.fixture
async def alert(database: Database, house: House) -> UUID:
    async with database.session() as session:
        await session.execute(update(Alert).values(is_active=False))
    made = await make_alert(database, house)
    async with database.session() as session:
        await session.execute(update(Alert).where(Alert.id == made).values(name="away"))
    return made


def warehouses(database: Database, **away: int) -> Warehouses:
    known = {UUID(name): often for name, often in away.items()}
    return Warehouses(database, cast(Any, None), cast(Any, None), away=known)


async def seen(database: Database, alert: UUID) -> list[str]:
    """What the looks at an alert have found."""
    async with database.session() as session:
        query = select(AlertEvaluation.state).where(AlertEvaluation.alert_id == alert)
        return list(await session.scalars(query))


async def test_who_is_started_again_is_asked_again(database: Database, alert: UUID) -> None:
    await warehouses(database, **{str(alert): 3}).look_at_due(datetime.now(UTC))
    assert await seen(database, alert) == ["normal"]
    assert not await owed(database, alert)


async def test_who_stays_away_is_told_of(database: Database, alert: UUID) -> None:
    await warehouses(database, **{str(alert): 1_000_000}).look_at_due(datetime.now(UTC))
    assert await seen(database, alert) == ["error"]
    assert len(await owed(database, alert)) == 1


async def test_nobody_waits_for_one_that_is_away(database: Database, house: House, alert: UUID) -> None:
    looking = asyncio.create_task(warehouses(database, **{str(alert): 1_000_000}).for_ever())
    try:
        await _until(lambda: _leased(database, alert))
        other = await make_alert(database, house)
        await _until(lambda: seen(database, other))
        assert not await seen(database, alert), "it is still asked again"
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


async def test_one_whose_lease_runs_out_while_it_waits_is_looked_at_once(
    database: Database, alert: UUID
) -> None:
    worker = warehouses(database, **{str(alert): 1_000_000})
    looking = asyncio.create_task(worker.for_ever())
    try:
        await _until(lambda: _leased(database, alert))
        async with database.session() as session:
            past = datetime.now(UTC) - timedelta(seconds=1)
            await session.execute(update(Alert).where(Alert.id == alert).values(leased_until=past))
        await _until(lambda: seen(database, alert))
        assert (await seen(database, alert), worker.begun) == (["error"], [alert])
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


async def _until(true: Callable[[], Awaitable[object]]) -> None:
    while True:
        if await true():
            return
        await asyncio.sleep(0.02)


async def _leased(database: Database, alert: UUID) -> bool:
    async with database.session() as session:
        found = await alerts.find(session, alert)
        return found is not None and found.leased_until is not None
