"""Subscriptions: somebody gets a dashboard as a report by mail, at the times they chose and with their own rights.

A subscription is a schedule of its subscriber's: it runs as they, for them alone, and ends with their right to see the
dashboard. It needs no right to manage schedules; those who have it see it among the tenant's and may switch it off.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors
from notehouse_core.cron import Timetable
from notehouse_core.ids import uuid7
from notehouse_core.store import dashboards, people
from notehouse_core.store.models import Dashboard, Schedule, Subscription, User

_MARK = "schedule:"  # before the id of the schedule, among what a subscription is about
_LONGEST_NAME = 100


async def of(session: AsyncSession, dashboard: Dashboard, user: User) -> Schedule | None:
    """When somebody gets the report; nothing when they do not, or it was taken away."""
    mine = (Subscription.dashboard_id == dashboard.id, Subscription.user_id == user.id)
    events = await session.scalar(select(Subscription.events).where(*mine)) or []
    named = [UUID(one.removeprefix(_MARK)) for one in events if one.startswith(_MARK)]
    living = (Schedule.id.in_(named), Schedule.deleted_at.is_(None))
    return (await session.scalars(select(Schedule).where(*living))).one_or_none()


async def subscribe(
    session: AsyncSession, dashboard: Dashboard, user: User, cron: str, timezone: str
) -> Schedule:
    """Begin a subscription, or change its times.

    Raises Invalid for times that are none, Conflict for somebody without a mail address.
    """
    Timetable.parse(cron, timezone)
    if not user.email:
        raise errors.Conflict("Your account has no mail address. Whoever invited you can add it.")
    found = await of(session, dashboard, user)
    if found is None:
        found = await _begin(session, dashboard, user, cron, timezone)
    found.cron, found.timezone, found.is_active, found.active_since = cron, timezone, True, datetime.now(UTC)
    await session.flush()
    return found


async def _begin(
    session: AsyncSession, dashboard: Dashboard, user: User, cron: str, timezone: str
) -> Schedule:
    name = f"{dashboard.slug[: _LONGEST_NAME - len(user.username) - 5]} for {user.username}"
    taken = (Schedule.tenant_id == dashboard.tenant_id, Schedule.name == name, Schedule.deleted_at.is_(None))
    if await session.scalar(select(func.count()).where(*taken)):
        raise errors.Conflict(f"There is a schedule {name!r} already, which somebody made by hand.")
    made = Schedule(
        id=uuid7(),
        tenant_id=dashboard.tenant_id,
        name=name,
        dashboard_id=dashboard.id,
        owner_id=user.id,
        run_as_id=user.id,
        cron=cron,
        timezone=timezone,
        recipients=[user.username],
        catch_up="skip",
    )
    session.add(made)
    await session.flush()
    row = insert(Subscription).values(
        id=uuid7(),
        tenant_id=dashboard.tenant_id,
        dashboard_id=dashboard.id,
        user_id=user.id,
        events=[f"{_MARK}{made.id}"],
    )
    kept = {"events": row.excluded.events}
    await session.execute(row.on_conflict_do_update(index_elements=["dashboard_id", "user_id"], set_=kept))
    return made


async def unsubscribe(session: AsyncSession, dashboard: Dashboard, user: User) -> None:
    """End a subscription; there may be none."""
    if (found := await of(session, dashboard, user)) is not None:
        found.is_active, found.deleted_at = False, datetime.now(UTC)
    mine = (Subscription.dashboard_id == dashboard.id, Subscription.user_id == user.id)
    await session.execute(delete(Subscription).where(*mine))


async def may_go_on(session: AsyncSession, schedule: Schedule) -> bool:
    """Say whether whom a dashboard's schedule runs as may still see the dashboard."""
    if schedule.dashboard_id is None:
        return True
    user = await session.get(User, schedule.run_as_id)
    found = await people.find_user(session, user.username) if user else None
    dashboard = await dashboards.find(session, str(schedule.dashboard_id))
    return bool(found and dashboard and dashboards.decision(people.actor_of(found), "view", dashboard))


async def is_one(session: AsyncSession, schedule: Schedule) -> bool:
    """Say whether a schedule is somebody's subscription."""
    mine = (
        Subscription.user_id == schedule.owner_id,
        Subscription.events.contains([f"{_MARK}{schedule.id}"]),
    )
    return bool(await session.scalar(select(func.count()).where(*mine)))
