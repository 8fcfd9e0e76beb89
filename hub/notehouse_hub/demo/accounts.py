"""Tenants, roles and people of the demo. Everything is safe to repeat: what is there stays, passwords follow."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from notehouse_core.policy import ROLES
from notehouse_core.store.models import Membership, Permission, Role, Tenant, User
from notehouse_core.store.people import TENANT_RESOURCE
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
        tenant = Tenant(slug=slug, name=NAMES[slug])
        session.add(tenant)
        await session.flush()
        for name, actions in ROLES.items():
            role = Role(tenant_id=tenant.id, name=name, is_builtin=True)
            role.permissions = _platform(tenant, actions)
            session.add(role)
        await session.flush()
    await add_sources(session, tenant, sources)
    return tenant


def _platform(tenant: Tenant, actions: tuple[str, ...]) -> list[Permission]:
    return [Permission(tenant_id=tenant.id, resource=TENANT_RESOURCE, action=action) for action in actions]


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
    slug, role_name = place
    role = await session.scalar(
        select(Role).join(Role.tenant).where(Tenant.slug == slug, Role.name == role_name)
    )
    assert role is not None  # noqa: S101 - made with the tenant
    session.add(Membership(tenant_id=role.tenant_id, user_id=user.id, role_id=role.id))
    await session.flush()


def _fits(hashed: str | None, password: str) -> bool:
    try:
        return bool(hashed) and PasswordHasher().verify(hashed or "", password)
    except VerificationError:
        return False
