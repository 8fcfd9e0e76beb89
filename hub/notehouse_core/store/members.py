"""Members of a tenant: who has which of its roles."""

from __future__ import annotations

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from notehouse_core.errors import Conflict, NotFound
from notehouse_core.store import roles, tokens
from notehouse_core.store.models import Membership, Role, Tenant, User
from notehouse_core.store.tenants import find_tenant
from notehouse_core.store.users import announce

LOCAL = "local"


def of_tenant(tenant: Tenant) -> Select[User]:
    """The people of a tenant, closed accounts too, with their memberships."""
    here = User.memberships.any(Membership.tenant_id == tenant.id)
    return (
        select(User)
        .where(here)
        .options(selectinload(User.memberships).selectinload(Membership.role))
        .execution_options(populate_existing=True)
    )


async def find(session: AsyncSession, tenant: Tenant, username: str) -> User:
    """A member of a tenant. Raises NotFound."""
    found = await session.scalar(of_tenant(tenant).where(User.username == username))
    if found is None:
        raise NotFound(f"{username} is no member of {tenant.slug}.")
    return found


async def give(session: AsyncSession, tenant: Tenant, user: User, role: Role) -> Membership:
    """Give somebody a role of a tenant. Raises Conflict for one they have."""
    known = select(Membership.id).where(Membership.user_id == user.id, Membership.role_id == role.id)
    if await session.scalar(known) is not None:
        raise Conflict(f"{user.username} has the role {role.name} in {tenant.slug} already.")
    made = Membership(tenant_id=tenant.id, user_id=user.id, role_id=role.id, origin=LOCAL)
    session.add(made)
    await session.flush()
    await announce(session)
    return made


async def join(session: AsyncSession, user: User, slug: str, role: str) -> None:
    """Give somebody a role by name. Raises NotFound when there is no such tenant or role, Conflict for one they have."""
    tenant = await find_tenant(session, slug)
    await give(session, tenant, user, await roles.find(session, tenant, role))


async def take(session: AsyncSession, tenant: Tenant, username: str, role: str | None = None) -> None:
    """Take a role from a member, or all of theirs. Raises NotFound.

    Raises Conflict for roles that a provider's groups give, and when nobody would manage the tenant any more.
    """
    async with roles.stays_managed(session, tenant):
        held = await _held(session, tenant, username, role)
        local = [one for one in held if one.origin == LOCAL]
        if not local:
            raise Conflict(
                f"A group at your organisation's sign-in gives {username} the role {held[0].role.name}. "
                "Take it away there."
            )
        for one in local:
            await session.delete(one)
    if not await _held_at_all(session, tenant, username):
        await tokens.revoke_all(session, subject=username, tenant_id=tenant.id)
    await announce(session)


async def _held(session: AsyncSession, tenant: Tenant, username: str, role: str | None) -> list[Membership]:
    query = _memberships(tenant, username).options(selectinload(Membership.role))
    if role is not None:
        query = query.where(Membership.role.has(Role.name == role))
    held = list(await session.scalars(query))
    if not held:
        what = f"the role {role} in" if role else "a role in"
        raise NotFound(f"{username} does not have {what} {tenant.slug}.")
    return held


async def _held_at_all(session: AsyncSession, tenant: Tenant, username: str) -> bool:
    return await session.scalar(_memberships(tenant, username).limit(1)) is not None


def _memberships(tenant: Tenant, username: str) -> Select[Membership]:
    return select(Membership).where(
        Membership.tenant_id == tenant.id, Membership.user.has(User.username == username)
    )
