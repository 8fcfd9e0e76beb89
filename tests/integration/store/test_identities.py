"""People of a provider: its groups give and take what it gave, and nothing else."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.errors import Forbidden
from notehouse_core.settings import Settings
from notehouse_core.store.database import Database
from notehouse_core.store.identities import Identity, admit, mapped_places, may_enter, places_of
from notehouse_core.store.models import Membership, Role, Tenant, User

PATTERN = Settings.model_fields["oidc_pattern"].default


@pytest.mark.parametrize(
    "group",
    [
        "united",
        "/united/analyst",
        "united/analyst/x",
        "united/analyst\n",
        "United/analyst",
        "x united/analyst",
        7,
    ],
)
def test_a_group_counts_only_as_a_whole(group: object) -> None:
    assert places_of([group], PATTERN) == set()
    assert places_of([group, "united/analyst"], PATTERN) == {("united", "analyst")}


async def _tenant(session: AsyncSession) -> str:
    slug = f"t-{uuid4().hex[:8]}"
    tenant = Tenant(slug=slug, name=slug)
    session.add(tenant)
    await session.flush()
    session.add_all(Role(tenant_id=tenant.id, name=name, is_builtin=True) for name in ("analyst", "viewer"))
    await session.flush()
    return slug


def _somebody() -> Identity:
    subject = uuid4().hex
    return Identity("https://id.example", subject, f"p-{subject[:8]}")


async def _roles(session: AsyncSession, user: User) -> dict[str, str]:
    query = select(Role.name, Membership.origin).join(Role, Role.id == Membership.role_id)
    rows = await session.execute(query.where(Membership.user_id == user.id))
    return {str(row.name): str(row.origin) for row in rows}


async def test_groups_give_and_take_roles_and_leave_local_ones(database: Database) -> None:
    who = _somebody()
    async with database.session() as session:
        slug = await _tenant(session)
        user = await admit(session, who, {(slug, "analyst")})
        assert await _roles(session, user) == {"analyst": "oidc"}
        viewer = await session.scalar(
            select(Role).join(Tenant).where(Tenant.slug == slug, Role.name == "viewer")
        )
        assert viewer is not None
        session.add(Membership(tenant_id=viewer.tenant_id, user_id=user.id, role_id=viewer.id))
        await session.flush()
        await admit(session, who, {(slug, "analyst"), (slug, "viewer"), ("no-such", "viewer")})
        assert await _roles(session, user) == {"analyst": "oidc", "viewer": "local"}
        await admit(session, who, set())
        assert await _roles(session, user) == {"viewer": "local"}
        assert await may_enter(session, user)


async def test_who_has_no_place_gets_no_account(database: Database) -> None:
    who = _somebody()
    async with database.session() as session:
        with pytest.raises(Forbidden, match="in no group"):
            await admit(session, who, {("no-such", "analyst")})
        assert await session.scalar(select(User).where(User.username == who.username)) is None


async def test_a_name_never_becomes_somebody_elses(database: Database) -> None:
    first = _somebody()
    async with database.session() as session:
        slug = await _tenant(session)
        user = await admit(session, first, {(slug, "viewer")})
        with pytest.raises(Forbidden, match="Somebody else is called"):
            await admit(
                session, Identity("https://id.example", "another", first.username), {(slug, "viewer")}
            )
        with pytest.raises(Forbidden, match="Somebody else is called"):
            await admit(
                session, Identity("https://evil.example", first.subject, first.username), {(slug, "viewer")}
            )
        renamed = Identity(first.issuer, first.subject, "another-name")
        assert (await admit(session, renamed, {(slug, "viewer")})).username == user.username


async def test_a_tenant_says_which_groups_give_its_roles(database: Database) -> None:
    async with database.session() as session:
        slug, group = await _tenant(session), f"cn=airline-{uuid4().hex[:6]},ou=groups"
        assert await mapped_places(session, [group]) == set()
        tenant = await session.scalar(select(Tenant).where(Tenant.slug == slug))
        assert tenant is not None
        tenant.settings = {"groups": {group: "analyst"}}
        await session.flush()
        assert await mapped_places(session, [group, "other", 7]) == {(slug, "analyst")}
        tenant.is_active = False
        await session.flush()
        assert await mapped_places(session, [group]) == set()
