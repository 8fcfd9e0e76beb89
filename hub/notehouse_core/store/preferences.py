"""What the portal remembers for somebody: favourite dashboards, and those opened last."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.errors import Invalid
from notehouse_core.store.models import User

FAVOURITES, RECENT = "favourites", "recent"
MOST_FAVOURITES = 100
MOST_RECENT = 8


def favourites_of(user: User) -> list[UUID]:
    """The ids of somebody's favourite dashboards, the newest favourite first."""
    return [UUID(one) for one in user.preferences.get(FAVOURITES, [])]


def recent_of(user: User) -> list[UUID]:
    """The ids of the dashboards that somebody opened last, the last one first."""
    return [UUID(one) for one in user.preferences.get(RECENT, [])]


async def set_favourite(session: AsyncSession, user: User, dashboard_id: UUID, *, wanted: bool) -> None:
    """Keep a dashboard among somebody's favourites, or take it out. Raises Invalid for one too many."""
    await session.refresh(user, ["preferences"], with_for_update=True)
    others = [one for one in user.preferences.get(FAVOURITES, []) if one != str(dashboard_id)]
    if wanted and len(others) >= MOST_FAVOURITES:
        raise Invalid(f"You have {MOST_FAVOURITES} favourites, and no more are kept. Take one out first.")
    kept = [str(dashboard_id), *others] if wanted else others
    user.preferences = {**user.preferences, FAVOURITES: kept}


async def opened(session: AsyncSession, username: str, dashboard_id: UUID) -> None:
    """Note that somebody opened a dashboard; nothing is written when it was the last one already."""
    last = User.preferences[RECENT][0].astext
    mine = (User.username == username, last.is_distinct_from(str(dashboard_id)))
    user = await session.scalar(select(User).where(*mine).with_for_update(skip_locked=True))
    if user is not None:
        others = [one for one in user.preferences.get(RECENT, []) if one != str(dashboard_id)]
        user.preferences = {**user.preferences, RECENT: [str(dashboard_id), *others][:MOST_RECENT]}
