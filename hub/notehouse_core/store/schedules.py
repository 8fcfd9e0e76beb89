"""Schedules: which are due, and the runs they are owed."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, selectinload

from notehouse_core.cron import Occurrence, Timetable
from notehouse_core.ids import uuid7
from notehouse_core.store import subscriptions
from notehouse_core.store.models import Dashboard, Run, Schedule, Tenant

PUNCTUAL = timedelta(seconds=90)  # what is later than this was missed
MOST_AT_ONCE = 100  # runs that a schedule catches up on in one go


async def make_due_runs(session: AsyncSession, now: datetime) -> int:
    """Turn every schedule that is due into queued runs; how many. Any number of workers may do so at once.

    A run is unique by schedule and wall-clock minute, so neither two workers nor a clock going back make a second.
    """
    query = (
        select(Schedule)
        .join(Schedule.tenant)
        .where(Schedule.is_active, Schedule.deleted_at.is_(None), Tenant.is_active)
        .options(selectinload(Schedule.dashboard).selectinload(Dashboard.published_version))
        .with_for_update(of=Schedule, skip_locked=True)
    )
    return sum([await _catch_up(session, one, now) for one in await session.scalars(query)])


async def due_within(
    session: AsyncSession, since: datetime, until: datetime
) -> list[tuple[Schedule, datetime]]:
    """The schedules that will be due between two moments, each with when; with who they run as, and their tenant."""
    query = (
        select(Schedule)
        .join(Schedule.tenant)
        .where(Schedule.is_active, Schedule.deleted_at.is_(None), Tenant.is_active)
        .options(selectinload(Schedule.run_as), contains_eager(Schedule.tenant))
    )
    found = []
    for one in await session.scalars(query):
        if due := Timetable.parse(one.cron, one.timezone).between(since, until, 1):
            found.append((one, due[0].at))
    return found


async def _catch_up(session: AsyncSession, schedule: Schedule, now: datetime) -> int:
    made, due = 0, owed(schedule, now)
    if due and not await subscriptions.may_go_on(session, schedule):
        schedule.is_active = False
        return 0
    for occurrence in due:
        made += await _make(session, schedule, occurrence)
    if schedule.ticked_until is None or schedule.ticked_until < now - timedelta(seconds=20) or made:
        schedule.ticked_until = now
    return made


def owed(schedule: Schedule, now: datetime) -> list[Occurrence]:
    """What is due since the last look, as far as the schedule catches up on missed times."""
    since = max(schedule.ticked_until or schedule.active_since, schedule.active_since)
    timetable = Timetable.parse(schedule.cron, schedule.timezone)
    due = timetable.between(since, now, MOST_AT_ONCE)
    match schedule.catch_up:
        case "all":
            return due
        case "latest":
            return due[-1:]
        case _:
            return [one for one in due if now - one.at <= PUNCTUAL]


async def _make(session: AsyncSession, schedule: Schedule, occurrence: Occurrence) -> int:
    notebook = notebook_of(schedule)
    if notebook is None:
        return 0  # its dashboard has no version that is ready
    row = insert(Run).values(
        id=uuid7(),
        tenant_id=schedule.tenant_id,
        schedule_id=schedule.id,
        trigger="schedule",
        run_as_id=schedule.run_as_id,
        name=schedule.name,
        notebook=notebook,
        scheduled_for=occurrence.at,
        local_minute=occurrence.local.isoformat(timespec="minutes"),
        retries=schedule.retries,
        timeout_seconds=schedule.timeout_seconds,
        parameters=schedule.parameters,
    )
    made = await session.execute(row.on_conflict_do_nothing().returning(Run.id))
    return len(made.all())


def notebook_of(schedule: Schedule) -> str | None:
    """The artifact that a schedule runs: its own notebook, or its dashboard's published one."""
    if schedule.notebook is not None:
        return schedule.notebook
    version = schedule.dashboard.published_version if schedule.dashboard else None
    return version.notebook if version else None
