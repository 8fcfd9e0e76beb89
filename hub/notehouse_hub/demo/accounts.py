"""Tenants, roles and people of the demo. Everything is safe to repeat: what is there stays, passwords follow."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from notehouse_core.store import members, tenants
from notehouse_core.store.models import Tenant, User
from notehouse_hub.demo.sources import Source, add_sources

NAMES = {"united": "United", "delta": "Delta"}
PEOPLE = {
    "admin": None,
    "united-analyst": ("united", "analyst"),
    "united-viewer": ("united", "viewer"),
    "delta-analyst": ("delta", "analyst"),
}


async def make_tenant(session: AsyncSession, slug: str, sources: tuple[Source, ...]) -> Tenant:
    """A tenant with its built-in roles, each reading the tenant's own carrier in the shared tables."""
    tenant = await session.scalar(select(Tenant).where(Tenant.slug == slug))
    if tenant is None:
        tenant = await tenants.create(session, slug, NAMES[slug])
    await add_sources(session, tenant, sources)
    return tenant


async def make_person(session: AsyncSession, username: str, password: str) -> User:
    """A person of the demo with this password."""
    query = select(User).where(User.username == username).options(selectinload(User.memberships))
    user = await session.scalar(query)
    if user is None:
        user = User(username=username, is_admin=PEOPLE[username] is None, memberships=[])
        user.first_name, user.last_name = username.replace("-", " ").title(), ""
        user.email = f"{username}@{(PEOPLE[username] or ('notehouse',))[0]}.example"
        session.add(user)
    if not _fits(user.password_hash, password):
        user.password_hash = PasswordHasher().hash(password)
    await session.flush()
    await _join(session, user)
    return user


async def _join(session: AsyncSession, user: User) -> None:
    place = PEOPLE[user.username]
    if place is None or user.memberships:
        return
    await members.join(session, user, *place)


def _fits(hashed: str | None, password: str) -> bool:
    try:
        return bool(hashed) and PasswordHasher().verify(hashed or "", password)
    except VerificationError:
        return False
