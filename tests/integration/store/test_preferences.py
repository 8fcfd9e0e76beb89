"""Favourites and the dashboards opened last, as the portal shows them to one person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.errors import Invalid
from notehouse_core.store import preferences
from notehouse_core.store.database import Database
from notehouse_core.store.models import AuditEvent, User


@pytest.fixture
async def session(database: Database) -> AsyncIterator[AsyncSession]:
    async with database.session() as opened:
        yield opened
        await opened.rollback()


@pytest.fixture
async def user(session: AsyncSession) -> User:
    made = User(username=f"reader-{uuid4().hex[:8]}")
    session.add(made)
    await session.flush()
    return made


async def version_of(session: AsyncSession, user: User) -> str:
    """Which write of their row this is."""
    query = text("SELECT ctid::text FROM users WHERE id = :id")
    return str(await session.scalar(query, {"id": user.id}))


async def test_what_was_opened_last_comes_first_and_once(session: AsyncSession, user: User) -> None:
    first, second = uuid4(), uuid4()
    for one in (first, second, first):
        await preferences.opened(session, user.username, one)
        await session.flush()
    assert (await preferences.remembered(session, user)).recent == [first, second]


async def test_only_the_last_few_are_kept(session: AsyncSession, user: User) -> None:
    seen = [uuid4() for _ in range(preferences.MOST_RECENT + 3)]
    for one in seen:
        await preferences.opened(session, user.username, one)
        await session.flush()
    assert (await preferences.remembered(session, user)).recent == seen[: -preferences.MOST_RECENT - 1 : -1]


async def test_looking_at_the_same_dashboard_again_writes_nothing(session: AsyncSession, user: User) -> None:
    one = uuid4()
    await preferences.opened(session, user.username, one)
    await session.flush()
    before = await version_of(session, user)
    await preferences.opened(session, user.username, one)
    await session.flush()
    assert await version_of(session, user) == before


async def test_favourites_are_put_in_and_taken_out(session: AsyncSession, user: User) -> None:
    first, second = uuid4(), uuid4()
    await preferences.opened(session, user.username, first)
    await session.flush()
    for one, wanted in ((first, True), (second, True), (second, True), (first, False)):
        await preferences.set_favourite(session, user, one, wanted=wanted)
        await session.flush()
    assert (await preferences.remembered(session, user)).favourites == [second]
    assert (await preferences.remembered(session, user)).recent == [first]


async def test_one_favourite_too_many_is_refused(session: AsyncSession, user: User) -> None:
    full = [str(uuid4()) for _ in range(preferences.MOST_FAVOURITES)]
    user.preferences = {preferences.FAVOURITES: full}
    await session.flush()
    with pytest.raises(Invalid, match="Take one out first"):
        await preferences.set_favourite(session, user, uuid4(), wanted=True)


async def test_what_somebody_looks_at_is_not_in_the_audit(session: AsyncSession, user: User) -> None:
    count = select(func.count()).select_from(AuditEvent)
    before = await session.scalar(count)
    await preferences.opened(session, user.username, uuid4())
    await preferences.set_favourite(session, user, uuid4(), wanted=True)
    await session.flush()
    assert await session.scalar(count) == before
