"""Links and embeds: whoever has one sees a dashboard with its maker's rows and fixed parameters, until it ends.

A link is a secret of 256 bits, kept as its digest. It shows the rows of one access class, that of its maker at the
time; it ends by its date, when it is taken back, and when its maker may not share the dashboard or has other rights.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from notehouse_core.errors import NotFound
from notehouse_core.store import dashboards, people
from notehouse_core.store.models import Dashboard, DashboardLink
from notehouse_core.store.plan import class_of

SUBJECT = "link:"  # how a frame's token names a link in the place of a person
_GONE = "This link does not work (any more). Ask whoever gave it to you for another one."


def subject(link: DashboardLink) -> str:
    """In whose name a page is that a link opens."""
    return f"{SUBJECT}{link.id}"


async def make(session: AsyncSession, dashboard: Dashboard, **content: Any) -> tuple[DashboardLink, str]:
    """A link of a dashboard, and the secret that opens it, told this once."""
    secret = secrets.token_urlsafe(32)
    link = DashboardLink(
        tenant_id=dashboard.tenant_id,
        dashboard_id=dashboard.id,
        token_sha256=_digest(secret),
        **content,
    )
    session.add(link)
    await session.flush()
    return link, secret


async def of(session: AsyncSession, dashboard: Dashboard) -> list[DashboardLink]:
    """All links of a dashboard, newest first, with who made them."""
    query = _loaded().where(DashboardLink.dashboard_id == dashboard.id)
    return list(await session.scalars(query.order_by(DashboardLink.created_at.desc())))


async def opened_by(session: AsyncSession, secret: str) -> tuple[DashboardLink, Dashboard]:
    """The link of a secret and its dashboard, both still good. Raises NotFound, whatever is wrong."""
    return await _good(session, DashboardLink.token_sha256 == _digest(secret))


async def named_by(session: AsyncSession, whose: str) -> tuple[DashboardLink, Dashboard]:
    """The link that a frame's token names. Raises NotFound."""
    try:
        return await _good(session, DashboardLink.id == UUID(whose.removeprefix(SUBJECT)))
    except ValueError as error:
        raise NotFound(_GONE) from error


async def _good(session: AsyncSession, which: Any) -> tuple[DashboardLink, Dashboard]:
    now = DashboardLink.expires_at > func.now()
    link = await session.scalar(_loaded().where(which, DashboardLink.revoked_at.is_(None), now))
    dashboard = await dashboards.find(session, str(link.dashboard_id)) if link else None
    if link is None or dashboard is None:
        raise NotFound(_GONE)
    maker = await people.find_user(session, link.created_by.username)
    if maker is None or not dashboards.decision(people.actor_of(maker), "share", dashboard):
        raise NotFound(_GONE)
    if (await class_of(session, maker.username, dashboard.tenant.slug)).id != link.access_class:
        raise NotFound(_GONE)
    return link, dashboard


def _loaded() -> Select[DashboardLink]:
    return select(DashboardLink).options(selectinload(DashboardLink.created_by))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
