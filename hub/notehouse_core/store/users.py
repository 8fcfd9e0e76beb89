"""Accounts: make, find and close them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from notehouse_core.errors import Conflict, NotFound
from notehouse_core.store import invitations, login_sessions, tokens
from notehouse_core.store.isolation import everywhere
from notehouse_core.store.models import Membership, Tenant, User
from notehouse_core.store.plan import CHANNEL

_MEMBERSHIPS = selectinload(User.memberships)
WITH_PLACES = (_MEMBERSHIPS.selectinload(Membership.role), _MEMBERSHIPS.selectinload(Membership.tenant))


async def find(session: AsyncSession, username: str) -> User:
    """An account, closed or not, with its roles in all tenants loaded. Raises NotFound."""
    query = select(User).where(User.username == username).options(*WITH_PLACES)
    async with everywhere(session):
        found = await session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NotFound("There is no such account.")
    return found


async def places_of(session: AsyncSession, usernames: Collection[str]) -> dict[str, list[str]]:
    """The slugs of the active tenants that people belong to, sorted, by username."""
    query = (
        select(User.username, Tenant.slug)
        .join(User.memberships)
        .join(Membership.tenant)
        .where(User.username.in_(usernames), Tenant.is_active)
        .distinct()
        .order_by(User.username, Tenant.slug)
    )
    places: dict[str, list[str]] = {}
    for username, slug in await session.execute(query):
        places.setdefault(username, []).append(slug)
    return places


async def lock(session: AsyncSession, user: User) -> None:
    """Let one transaction at a time change an account; what was loaded of it is read again."""
    columns = [one.key for one in inspect(User).column_attrs]
    await session.refresh(user, columns, with_for_update={"of": User})


async def create(session: AsyncSession, user: User) -> None:
    """Keep a new account. Raises Conflict when its name is taken."""
    if await session.scalar(select(User.id).where(User.username == user.username)) is not None:
        raise Conflict(f"The name {user.username} is taken. Choose another.")
    session.add(user)
    await session.flush()


async def announce(session: AsyncSession) -> None:
    """Tell those who follow rights that some have changed."""
    await session.execute(text(f"NOTIFY {CHANNEL}"))


async def close(session: AsyncSession, user: User) -> None:
    """Close an account: sessions, tokens and invitations end, and its server stops; what it made stays."""
    user.is_active = False
    await session.flush()
    await login_sessions.end_all(session, user)
    await invitations.withdraw(session, user)
    async with everywhere(session):
        await tokens.revoke_all(session, subject=user.username)


async def reopen(session: AsyncSession, user: User) -> None:
    """Open a closed account again; its owner logs in anew."""
    user.is_active = True
    await session.flush()
    await announce(session)


async def set_password(
    session: AsyncSession, user: User, password_hash: str, *, keep: str | None = None
) -> None:
    """Give an account another password; its sessions end, all but the one that `keep` marks."""
    user.password_hash = password_hash
    await session.flush()
    await login_sessions.end_all(session, user, but=keep)
    await invitations.withdraw(session, user)


async def other_admins(session: AsyncSession, user: User) -> int:
    """How many platform admins there are who can log in with a password, besides this one."""
    able = (User.is_admin, User.is_active, User.password_hash.is_not(None), User.id != user.id)
    return await session.scalar(select(func.count()).where(*able)) or 0
