"""The outbox: messages owed, written where it was decided, sent by whichever worker takes them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from notehouse_core.alerting import Condition
from notehouse_core.ids import uuid7
from notehouse_core.recipients import Recipient, parse_recipient
from notehouse_core.settings import DASHBOARDS_PREFIX
from notehouse_core.store import subscriptions
from notehouse_core.store.models import (
    Alert,
    AlertEvaluation,
    Dashboard,
    Delivery,
    Membership,
    Run,
    Schedule,
    User,
)

LEASE = timedelta(seconds=120)
MOST_ATTEMPTS = 8
FIRST_PAUSE = timedelta(seconds=15)  # doubled after each attempt: the last one is half an hour later


async def owe_alert(session: AsyncSession, alert: Alert, evaluation: AlertEvaluation, now: datetime) -> int:
    """Owe everyone an alert notifies a message on its change; how many are owed now."""
    content = {
        "template": "alert",
        "alert": alert.name,
        "alert_id": str(alert.id),
        "state": evaluation.state,
        "before": evaluation.state_before,
        "group": evaluation.group_key,
        "value": evaluation.value,
        "threshold": evaluation.threshold,
        "condition": str(Condition.parse(alert.condition))
        if alert.sql is not None
        else "a notebook raises it",
        "rows": evaluation.rows,
        "error": evaluation.error,
        "run_id": str(evaluation.run_id) if evaluation.run_id else None,
        "at": now.isoformat(),
        "owner": alert.owner.email,
    }
    subject = f"{_HEADLINES[evaluation.state]}: {alert.name}"
    owed = alert.notification.get("recipients", [])
    key = f"alert:{alert.id}:{evaluation.id}"
    return await _owe(session, alert.tenant_id, owed, key, subject, content, f"alert:{alert.id}")


_HEADLINES = {"firing": "Firing", "normal": "Recovered", "no_data": "No data", "error": "Cannot be checked"}


async def owe_report(session: AsyncSession, run: Run, state: str, error: dict[str, Any] | None) -> int:
    """Owe a schedule's recipients its report; of a failed run only the owner hears, with the reason."""
    if run.schedule_id is None or state not in {"succeeded", "failed"}:
        return 0
    schedule = await session.get(Schedule, run.schedule_id, options=[selectinload(Schedule.owner)])
    if schedule is None or not schedule.recipients:
        return 0
    owed = schedule.recipients if state == "succeeded" else [schedule.owner.username]
    content = {
        "template": "report" if state == "succeeded" else "failure",
        "report": run.name,
        "run_id": str(run.id),
        "formats": schedule.formats,
        "error": error,
        "at": run.scheduled_for.isoformat(),
        "owner": schedule.owner.email,
    }
    if schedule.dashboard_id and await subscriptions.is_one(session, schedule):
        content |= await _about_subscription(session, schedule.dashboard_id)
    subject = str(content["report"]) if state == "succeeded" else f"Failed: {content['report']}"
    return await _owe(session, run.tenant_id, owed, f"run:{run.id}", subject, content, f"run:{run.id}")


async def _about_subscription(session: AsyncSession, dashboard_id: UUID) -> dict[str, Any]:
    """What a subscriber's mail says otherwise than a report's: it leads to the dashboard, and ends there too.

    Why a notebook failed quotes its source, which is for its author.
    """
    dashboard = await session.get(Dashboard, dashboard_id, options=[selectinload(Dashboard.tenant)])
    assert dashboard is not None  # noqa: S101 - its schedule names it
    page = f"{DASHBOARDS_PREFIX}/{dashboard.tenant.slug}/{dashboard.slug}"
    return {
        "report": dashboard.name,
        "link": page,
        "unsubscribe": f"{page}#subscribe",
        "owner": "",
        "error": None,
    }


async def owe_access(
    session: AsyncSession, dashboard: Dashboard, asks: str, content: dict[str, Any], day: str
) -> int:
    """Owe the owner of a dashboard the news that somebody asks to see it, once a day."""
    subject = f"{asks} would like to see {dashboard.name}"
    key, about = f"access:{dashboard.id}:{asks}:{day}", f"dashboard:{dashboard.id}"
    return await _owe(session, dashboard.tenant_id, [dashboard.owner.username], key, subject, content, about)


async def _owe(
    session: AsyncSession,
    tenant_id: UUID,
    named: Iterable[str],
    key: str,
    subject: str,
    content: dict[str, Any],
    about: str,
) -> int:
    owed = 0
    for recipient in await addresses(session, tenant_id, named):
        row = insert(Delivery).values(
            id=uuid7(), tenant_id=tenant_id, idempotency_key=f"{key}:{recipient.kind}:{recipient.address}",
            kind=recipient.kind, address=recipient.address, subject=subject, content=content, object=about,
        )  # fmt: skip
        made = await session.execute(row.on_conflict_do_nothing().returning(Delivery.id))
        owed += len(made.all())
    return owed


async def addresses(session: AsyncSession, tenant_id: UUID, named: Iterable[str]) -> list[Recipient]:
    """Where messages for these go, once each; user names stand for their mail, if they are still members."""
    found: dict[tuple[str, str], Recipient] = {}
    for name in named:
        recipient = parse_recipient(name)
        if recipient.kind == "user":
            mail = await session.scalar(_mail_of(recipient.address, tenant_id))
            recipient = Recipient("mail", mail) if mail else recipient
        if recipient.kind != "user":
            found[recipient.kind, recipient.address] = recipient
    return list(found.values())


def _mail_of(username: str, tenant_id: UUID) -> Any:
    member = select(Membership.id).where(Membership.user_id == User.id, Membership.tenant_id == tenant_id)
    return select(User.email).where(User.username == username, User.is_active, member.exists())


async def take(session: AsyncSession, limit: int = 20) -> list[Delivery]:
    """Messages to send now, leased to the caller; those of a worker that died come again."""
    abandoned = and_(Delivery.state == "sending", Delivery.leased_until < func.now())
    waiting = and_(Delivery.state == "pending", Delivery.next_try_at <= func.now())
    chosen = (
        select(Delivery.id)
        .where(or_(waiting, abandoned))
        .order_by(Delivery.next_try_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = await session.scalars(
        update(Delivery)
        .where(Delivery.id.in_(chosen))
        .values(state="sending", attempts=Delivery.attempts + 1, leased_until=func.now() + LEASE)
        .returning(Delivery.id)
    )
    query = select(Delivery).where(Delivery.id.in_(taken.all())).options(selectinload(Delivery.tenant))
    return list(await session.scalars(query.execution_options(populate_existing=True)))


async def sent(session: AsyncSession, delivery: Delivery, message: str | None) -> None:
    """Note that a message is on its way; `message` is the artifact that holds it."""
    await _settle(session, delivery, state="sent", sent_at=func.now(), message=message, last_error=None)


async def not_sent(session: AsyncSession, delivery: Delivery, why: str, *, hopeless: bool = False) -> None:
    """Note a failure: tried again after a pause that doubles, or kept as a dead letter."""
    dead = hopeless or delivery.attempts >= MOST_ATTEMPTS
    pause = FIRST_PAUSE * 2 ** (delivery.attempts - 1)
    state = "dead" if dead else "pending"
    await _settle(session, delivery, state=state, last_error=why[:1000], next_try_at=func.now() + pause)


async def _settle(session: AsyncSession, delivery: Delivery, **values: Any) -> None:
    mine = (Delivery.id == delivery.id) & (Delivery.attempts == delivery.attempts)
    await session.execute(update(Delivery).where(mine).values(leased_until=None, **values))
