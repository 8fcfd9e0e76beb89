"""People who come from an OpenID provider: known by its subject, with the roles that its groups give them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.errors import Forbidden
from notehouse_core.store.models import Membership, Role, Tenant, User
from notehouse_core.store.plan import CHANNEL

ORIGIN = "oidc"
GROUPS = "groups"  # in a tenant's settings: the provider's groups by name, and the role each gives
NO_TENANT = "Your account is in no group that may use Notehouse. Ask your administrator for one."


@dataclass(frozen=True)
class Identity:
    """Who a provider says that somebody is; `subject` never changes and is never given to another."""

    issuer: str
    subject: str
    username: str
    email: str = ""
    first_name: str = ""
    last_name: str = ""

    @property
    def key(self) -> str:
        """What identifies them among all providers."""
        return f"{self.issuer} {self.subject}"


def places_of(groups: Iterable[object], pattern: str) -> set[tuple[str, str]]:
    """Return the (tenant, role) that groups name; a group counts only if the pattern fits all of it."""
    found = (re.fullmatch(pattern, one) for one in groups if isinstance(one, str))
    return {(match["tenant"], match["role"]) for match in found if match}


async def mapped_places(session: AsyncSession, groups: Iterable[object]) -> set[tuple[str, str]]:
    """Return the (tenant, role) that groups give because a tenant says so, whatever they look like."""
    named = {one for one in groups if isinstance(one, str)}
    mapping = Tenant.settings[GROUPS]
    query = select(Tenant.slug, mapping).where(Tenant.is_active, mapping.is_not(None))
    return {
        (slug, role)
        for slug, roles in await session.execute(query)
        for group, role in (roles or {}).items()
        if group in named
    }


async def admit(session: AsyncSession, identity: Identity, places: set[tuple[str, str]]) -> User:
    """Return the account of an identity, with just these places of the provider's; local ones stay as they are.

    Raises Forbidden for somebody new in no group that counts, or with a name that is somebody else's.
    """
    user = await session.scalar(select(User).where(User.oidc_subject == identity.key).with_for_update())
    if user is None:
        user = await _new(session, identity, places)
    user.email = identity.email or user.email
    await _give(session, user, await _roles(session, places))
    await session.flush()
    await session.execute(text(f"NOTIFY {CHANNEL}"))
    return user


async def may_enter(session: AsyncSession, user: User) -> bool:
    """Say whether somebody belongs anywhere: to a tenant, or to the platform as its admin."""
    belongs = select(Membership.id).where(Membership.user_id == user.id).limit(1)
    return user.is_admin or await session.scalar(belongs) is not None


async def _new(session: AsyncSession, identity: Identity, places: set[tuple[str, str]]) -> User:
    if not await _roles(session, places):
        raise Forbidden(NO_TENANT)
    if await session.scalar(select(User.id).where(User.username == identity.username)) is not None:
        # Whoever chooses names at the provider must not become somebody who is here already.
        raise Forbidden(f"Somebody else is called {identity.username} here. Ask your administrator.")
    user = User(
        username=identity.username,
        email=identity.email or None,
        first_name=identity.first_name,
        last_name=identity.last_name,
        oidc_subject=identity.key,
    )
    session.add(user)
    await session.flush()
    return user


async def _roles(session: AsyncSession, places: set[tuple[str, str]]) -> list[Role]:
    if not places:
        return []
    wanted = tuple_(Tenant.slug, Role.name).in_(sorted(places))
    query = select(Role).join(Tenant, Tenant.id == Role.tenant_id).where(wanted, Tenant.is_active)
    return list(await session.scalars(query))


async def _give(session: AsyncSession, user: User, roles: list[Role]) -> None:
    """Make the provider's memberships these; a role that was given locally is neither taken over nor away."""
    wanted = {role.id for role in roles}
    gone = delete(Membership).where(
        Membership.user_id == user.id, Membership.origin == ORIGIN, Membership.role_id.not_in(wanted)
    )
    await session.execute(gone)
    have = set(await session.scalars(select(Membership.role_id).where(Membership.user_id == user.id)))
    for role in roles:
        if role.id not in have:
            session.add(Membership(tenant_id=role.tenant_id, user_id=user.id, role_id=role.id, origin=ORIGIN))
