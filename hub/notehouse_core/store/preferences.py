"""What the portal remembers for somebody: favourite dashboards, and those opened last."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.errors import Invalid
from notehouse_core.store.models import User

FAVOURITES, RECENT = "favourites", "recent"
MOST_FAVOURITES = 100
MOST_RECENT = 8


@dataclass(frozen=True)
class Remembered:
    """Ids of dashboards: the newest favourite first, and the one opened last first."""

    favourites: list[UUID]
    recent: list[UUID]


async def remembered(session: AsyncSession, user: User) -> Remembered:
    """Read what is remembered for somebody now: it changes with every dashboard that they open."""
    kept = await session.scalar(select(User.preferences).where(User.id == user.id)) or {}
    favourites, recent = ([UUID(one) for one in kept.get(name, [])] for name in (FAVOURITES, RECENT))
    return Remembered(favourites, recent)


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
