"""People as the policy sees them: who they are, and what their roles grant where."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer, joinedload

from notehouse_core import policy
from notehouse_core.store.isolation import everywhere
from notehouse_core.store.models import Membership, Role, Tenant, User

TENANT_RESOURCE = "tenant"


async def find_user(session: AsyncSession, username: str) -> User | None:
    """An active person with roles and tenants loaded; None when there is none."""
    found = await session.scalars(_people(together=True).where(User.username == username))
    return found.unique().one_or_none()


async def known(session: AsyncSession, username: str) -> User | None:
    """The same person, whoever asks, to be kept in a `generations.Current`: what is not watched there is not read."""
    unwatched = (User.password_hash, User.oidc_subject, User.preferences, User.last_login_at, User.updated_at)
    query = _people(together=True).where(User.username == username)
    async with everywhere(session):
        found = await session.scalars(query.options(*(defer(one, raiseload=True) for one in unwatched)))
        person = found.unique().one_or_none()
    return _taken_out(session, person) if person else None


def _taken_out(session: AsyncSession, person: User) -> User:
    """Whatever becomes of the transaction, the person stays as it was read."""
    roles = {one.role for one in person.memberships}
    tenants = {one.tenant for one in person.memberships}
    for one in (person, *roles, *tenants):
        session.expunge(one)  # with what belongs to it
    return person


async def has_password(session: AsyncSession, username: str) -> bool:
    """Whether an account logs in with a password of ours."""
    query = select(User.password_hash.is_not(None)).where(User.username == username)
    return bool(await session.scalar(query))


async def members_of(session: AsyncSession, tenant: str) -> list[User]:
    """Every active person of an active tenant, with roles loaded."""
    belongs = User.memberships.any(Membership.tenant.has((Tenant.slug == tenant) & Tenant.is_active))
    return list((await session.scalars(_people().where(belongs))).unique())


def actor_of(user: User) -> policy.Actor:
    """A loaded person as the policy sees them."""
    memberships = tuple(_membership(one) for one in _active(user))
    return policy.Actor(
        user.username, platform_admin=user.is_admin, memberships=memberships, attributes=user.attributes
    )


def _active(user: User) -> Iterable[Membership]:
    return [one for one in user.memberships if one.tenant.is_active]


def _membership(one: Membership) -> policy.Membership:
    granted = {each.action for each in one.role.permissions if each.resource == TENANT_RESOURCE}
    return policy.Membership(one.tenant.slug, one.role.name, frozenset(granted & policy.ACTIONS.keys()))


def _people(*, together: bool = False) -> Select[User]:
    """With their roles; `together` asks once for one person, else once more for the roles that many share."""
    memberships = joinedload(User.memberships)
    role = memberships.joinedload(Membership.role, innerjoin=True)
    return (
        select(User)
        .where(User.is_active)
        .options(
            role.joinedload(Role.permissions) if together else role.selectinload(Role.permissions),
            memberships.joinedload(Membership.tenant, innerjoin=True),
        )
        .execution_options(populate_existing=True)  # roles given in this very transaction count
    )
