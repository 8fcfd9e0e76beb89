"""Alerts: which are due, under whose lease, and what a look at one changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from notehouse_core import alerting
from notehouse_core.alerting import Condition, Finding
from notehouse_core.cron import Timetable
from notehouse_core.ids import uuid7
from notehouse_core.store import deliveries
from notehouse_core.store.models import Alert, AlertEvaluation, AlertState, Run, Tenant

LEASE = timedelta(seconds=120)
MOST_AT_ONCE = 50  # alerts that one worker takes in one go


async def take_due(session: AsyncSession, now: datetime) -> list[Alert]:
    """Alerts whose time has come, leased to the caller; nobody else gets them until they are looked at."""
    query = (
        select(Alert)
        .join(Alert.tenant)
        .where(Alert.is_active, Alert.deleted_at.is_(None), Tenant.is_active)
        .where(or_(Alert.leased_until.is_(None), Alert.leased_until < func.now()))
        .options(*_LOADED)
        .with_for_update(of=Alert, skip_locked=True)
    )
    due = [one for one in await session.scalars(query) if _is_due(one, now)][:MOST_AT_ONCE]
    for alert in due:
        alert.leased_until = now + LEASE
    return due


def _is_due(alert: Alert, now: datetime) -> bool:
    """Is there a time between the last look and now? However many were missed, one look makes good for all."""
    since = max(alert.ticked_until or alert.active_since, alert.active_since)
    return bool(Timetable.parse(alert.cron, alert.timezone).between(since, now, 1))


async def find(session: AsyncSession, alert_id: UUID, *, lock: bool = False) -> Alert | None:
    """One alert with all that a look at it needs."""
    query = select(Alert).where(Alert.id == alert_id, Alert.deleted_at.is_(None)).options(*_LOADED)
    query = query.execution_options(populate_existing=True)
    return (await session.scalars(query.with_for_update(of=Alert) if lock else query)).one_or_none()


def run_of(alert: Alert, now: datetime) -> Run:
    """The run that a notebook's alert is looked at by."""
    assert alert.notebook is not None  # noqa: S101 - the caller has looked
    return Run(
        id=uuid7(),
        tenant_id=alert.tenant_id,
        alert_id=alert.id,
        trigger="alert",
        run_as_id=alert.owner_id,
        name=alert.name,
        notebook=alert.notebook,
        scheduled_for=now,
        local_minute=now.isoformat(timespec="minutes"),
        timeout_seconds=600,
    )


async def looked(
    session: AsyncSession,
    alert: Alert,
    findings: Mapping[str, Finding],
    now: datetime,
    *,
    run_id: UUID | None = None,
) -> list[AlertEvaluation]:
    """Write what a look found: history, states, and the messages owed, in this one transaction.

    A look that failed says nothing about groups it did not see; a good one returns those to normal.
    """
    failed = set(findings) == {""} and findings[""].state in {"error", "no_data"}
    known = {state.group_key: state for state in alert.states}
    missing = {} if failed else {key: Finding("normal", 0.0) for key in known.keys() - findings.keys()}
    made = []
    for key, finding in {**findings, **missing}.items():
        state = known.get(key) or _new_state(session, alert, key, now)
        made.append(await _advance(session, alert, state, finding, now, run_id))
    alert.ticked_until, alert.leased_until = now, None
    return made


def _new_state(session: AsyncSession, alert: Alert, key: str, now: datetime) -> AlertState:
    state = AlertState(tenant_id=alert.tenant_id, alert_id=alert.id, group_key=key, state="normal", since=now)
    session.add(state)
    return state


async def _advance(
    session: AsyncSession,
    alert: Alert,
    state: AlertState,
    finding: Finding,
    now: datetime,
    run_id: UUID | None,
) -> AlertEvaluation:
    taken = alerting.step(state.state, state.since, finding.state, now, alert.for_seconds)
    muted = alert.muted_until is not None and alert.muted_until > now
    evaluation = AlertEvaluation(
        id=uuid7(),
        tenant_id=alert.tenant_id,
        alert_id=alert.id,
        group_key=state.group_key,
        state_before=state.state,
        state=taken.state,
        value=finding.value,
        threshold=_threshold(alert),
        rows=[dict(row) for row in finding.rows],
        run_id=run_id,
        error=finding.error or None,
    )
    if taken.tell and not muted:
        evaluation.notified = bool(await deliveries.owe_alert(session, alert, evaluation, now))
    if taken.state != state.state:
        state.acknowledged_at = state.acknowledged_by = None
    state.state, state.since, state.value = taken.state, taken.since, finding.value
    session.add(evaluation)
    return evaluation


def _threshold(alert: Alert) -> float | None:
    return Condition.parse(alert.condition).threshold if alert.sql is not None else None


_LOADED = (selectinload(Alert.tenant), selectinload(Alert.owner), selectinload(Alert.states))
