"""Comments on a dashboard or one of its tiles, each pinned to the version that was shown."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from notehouse_core import errors
from notehouse_core.store.models import Comment, Dashboard, User

NONE = "There is no such comment."
LONGEST = 5000  # characters


def of(dashboard: Dashboard) -> Select[Comment]:
    """Those that were not taken away, with their authors."""
    query = select(Comment).where(Comment.dashboard_id == dashboard.id, Comment.deleted_at.is_(None))
    return query.options(selectinload(Comment.author))


async def find(session: AsyncSession, dashboard: Dashboard, comment_id: UUID) -> Comment:
    """One of them. Raises NotFound."""
    comment = await session.scalar(of(dashboard).where(Comment.id == comment_id))
    if comment is None:
        raise errors.NotFound(NONE)
    return comment


async def say(session: AsyncSession, dashboard: Dashboard, author: User, text: str, tile: str) -> Comment:
    """A comment on the version that is shown now. Raises Conflict, or Invalid for a tile that is not on the page."""
    version = dashboard.published_version
    if version is None:
        raise errors.Conflict("This dashboard shows nothing yet that could be spoken of.")
    if not 1 <= len(text.strip()) <= LONGEST:
        raise errors.Invalid(
            f"A comment has 1 to {LONGEST:,} characters.",
            fields=[{"field": "text", "message": f"1 to {LONGEST} characters"}],
        )
    if tile and tile not in {one["id"] for one in version.tiles}:
        raise errors.Invalid(
            f"Version {version.number} has no such tile.",
            fields=[{"field": "tile", "message": "is not on the page"}],
        )
    made = Comment(
        tenant_id=dashboard.tenant_id,
        dashboard_id=dashboard.id,
        version_id=version.id,
        tile=tile,
        author=author,
        text=text,
    )
    session.add(made)
    await session.flush()
    await session.refresh(made, ["created_at"])
    return made


async def open_ones(session: AsyncSession, dashboard: Dashboard) -> int:
    """How many are not settled."""
    query = of(dashboard).where(Comment.resolved_at.is_(None)).order_by(None).options()
    return await session.scalar(select(func.count()).select_from(query.subquery())) or 0
