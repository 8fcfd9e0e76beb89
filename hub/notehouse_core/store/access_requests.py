"""Asking to see a dashboard: told to its owner by mail once a day, kept in the audit, answered by sharing.

The answer to whoever asks is the same whether there is such a dashboard or not, so that asking finds out nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.errors import Conflict, Invalid
from notehouse_core.store import audit, dashboards, deliveries, people
from notehouse_core.store.models import AuditEvent, Dashboard

ACTION = "ask-for-dashboard"
ANSWER = "If there is such a dashboard, its owner has been asked."
LONGEST = 500  # characters of a message
_KEPT = timedelta(days=30)  # that a request is shown


@dataclass(frozen=True)
class AccessRequest:
    """Who asked, with which words, and when first within the last month."""

    username: str
    message: str
    at: datetime


async def ask(session: AsyncSession, username: str, reference: str, message: str) -> None:
    """Ask for a dashboard by `tenant:slug`. Raises Conflict for one that they may see, Invalid for long words."""
    if len(message) > LONGEST:
        raise Invalid(
            f"Say it in at most {LONGEST} characters.",
            fields=[{"field": "message", "message": f"at most {LONGEST} characters"}],
        )
    user, dashboard = await people.find_user(session, username), await dashboards.find(session, reference)
    if user is None or dashboard is None:
        return
    actor, slug = people.actor_of(user), dashboard.tenant.slug
    if dashboards.decision(actor, "view", dashboard):
        raise Conflict("You may see this dashboard already.")
    if "view-dashboards" not in actor.actions_in(slug):
        return
    now = datetime.now(UTC)
    content = {
        "template": "access",
        "asks": username,
        "dashboard": dashboard.name,
        "message": message,
        "at": now.isoformat(),
        "owner": user.email,
    }
    await deliveries.owe_access(session, dashboard, username, content, f"{now:%Y-%m-%d}")
    details = {"dashboard": str(dashboard.id), "message": message}
    await audit.record(
        session, username, ACTION, f"{slug}:{dashboard.slug}", details, tenant_id=dashboard.tenant_id
    )


async def open_ones(session: AsyncSession, dashboard: Dashboard) -> list[AccessRequest]:
    """The requests of the last month by people who still may not see a dashboard, oldest first."""
    asked = select(AuditEvent).where(
        AuditEvent.tenant_id == dashboard.tenant_id,
        AuditEvent.action == ACTION,
        AuditEvent.details["dashboard"].astext == str(dashboard.id),
        AuditEvent.created_at > datetime.now(UTC) - _KEPT,
    )
    found: dict[str, AccessRequest] = {}
    for one in await session.scalars(asked.order_by(AuditEvent.number).limit(1000)):
        if one.actor in found:
            continue
        user = await people.find_user(session, one.actor)
        if user is not None and not dashboards.decision(people.actor_of(user), "view", dashboard):
            message = str(one.details.get("message", ""))
            found[one.actor] = AccessRequest(one.actor, message, one.created_at)
    return list(found.values())
