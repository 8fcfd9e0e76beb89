"""Tenants, their roles and members: what can be made, what is refused, and who is never locked out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.access import Limits
from notehouse_core.data_rights import DataRight
from notehouse_core.errors import Conflict, Invalid, NotFound
from notehouse_core.policy import ACTIONS, ROLES
from notehouse_core.store import members, roles, tenants
from notehouse_core.store.database import Database
from notehouse_core.store.models import AuditEvent, DataSource, Tenant, Token, User
from notehouse_core.store.people import actor_of, find_user
from notehouse_core.store.plan import class_of
from notehouse_core.store.roles import RoleContent
from notehouse_core.store.tokens import remember
from notehouse_core.tokens import Claims


@pytest.fixture
async def session(database: Database) -> AsyncIterator[AsyncSession]:
    async with database.session() as opened:
        yield opened
        await opened.rollback()


async def a_tenant(session: AsyncSession) -> Tenant:
    made = await tenants.create(session, f"t-{uuid4().hex[:8]}", "A tenant")
    session.add(DataSource(tenant_id=made.id, name="warehouse", type="clickhouse"))
    await session.flush()
    return made


async def a_person(session: AsyncSession, tenant: Tenant, *roles_given: str) -> User:
    user = User(username=f"u-{uuid4().hex[:8]}", attributes={"carrier": "UA"})
    session.add(user)
    await session.flush()
    for name in roles_given:
        await members.join(session, user, tenant.slug, name)
    return user


FLIGHTS = DataRight("warehouse", "flights", "flights", ("carrier", "origin"), "carrier = {user.carrier}")


async def test_a_tenant_comes_with_its_built_in_roles(session: AsyncSession) -> None:
    made = await a_tenant(session)
    found = {one.name: roles.actions_of(one) for one in await session.scalars(roles.of_tenant(made))}
    assert found == {name: frozenset(actions) for name, actions in ROLES.items()}
    with pytest.raises(Conflict, match="Choose another slug"):
        await tenants.create(session, made.slug, "Again")
    for slug in (
        "ACME",
        "default",
        "system",
        "a'b",
        "a" * 64,
        "-a",
        "a-",
        "",
        "nh-x",
        "ä",
        "a_b",
        "a/b",
        "a\n",
    ):
        with pytest.raises(Invalid):
            await tenants.create(session, slug, "x")


async def test_quotas_bound_everybody_and_a_role_lowers_them(session: AsyncSession) -> None:
    made = await a_tenant(session)
    await tenants.change(session, made, name="New", quotas={"execution_seconds": 30})
    content = RoleContent(actions=frozenset({"run-sql"}), permissions=(FLIGHTS,), limits={"result_rows": 10})
    await roles.create(session, made, "reader", content)
    ann = await a_person(session, made, "reader")
    limits = (await class_of(session, ann.username, made.slug)).limits
    assert (limits.execution_seconds, limits.result_rows) == (30, 10)
    assert limits.rows_to_read == Limits().rows_to_read
    for wrong in ({"speed": 1}, {"result_rows": 0}, {"result_rows": True}):
        with pytest.raises(Invalid, match="limit"):
            await tenants.change(session, made, quotas=wrong)


async def test_a_closed_tenant_gives_nothing(session: AsyncSession) -> None:
    made = await a_tenant(session)
    ann = await a_person(session, made, "analyst")
    claims = Claims(ann.username, made.slug, "c" * 20, "interactive")
    await remember(session, claims, "secret", ann.username)
    await session.flush()
    await tenants.change(session, made, is_active=False)
    with pytest.raises(NotFound):
        await tenants.find_tenant(session, made.slug)
    found = await find_user(session, ann.username)
    assert found is not None
    assert actor_of(found).tenants == ()
    token = await session.scalar(select(Token.revoked_at).where(Token.subject == ann.username))
    assert token is not None
    await tenants.change(session, await tenants.find_tenant(session, made.slug, closed=True), is_active=True)
    assert await tenants.find_tenant(session, made.slug)


async def test_a_role_says_what_its_members_read(session: AsyncSession) -> None:
    made = await a_tenant(session)
    role = await roles.create(session, made, "reader", RoleContent(permissions=(FLIGHTS,)))
    ann = await a_person(session, made, "reader")
    (grant,) = (await class_of(session, ann.username, made.slug)).grants
    assert (grant.columns, grant.row_filter) == (("carrier", "origin"), "carrier = 'UA'")
    all_rows = DataRight("warehouse", "flights", "flights")
    await roles.replace(
        session, made, role, RoleContent(actions=frozenset({"run-sql"}), permissions=(all_rows,))
    )
    (grant,) = (await class_of(session, ann.username, made.slug)).grants
    assert (grant.columns, grant.row_filter) == (None, "1")
    again = await roles.find(session, made, "reader")
    assert (roles.actions_of(again), roles.rights_of(again)) == (frozenset({"run-sql"}), [all_rows])
    with pytest.raises(Conflict):
        await roles.create(session, made, "reader", RoleContent())
    await roles.delete(session, made, again)
    with pytest.raises(NotFound):
        await class_of(session, ann.username, made.slug)


@pytest.mark.parametrize(
    ("right", "reason"),
    [
        (DataRight("warehouse", "flights; DROP", "flights"), "no name of a database"),
        (DataRight("warehouse", "flights", "a.b"), "no name of a table"),
        (DataRight("warehouse", "flights", "*"), "no name of a table"),
        (DataRight("elsewhere", "flights", "flights"), "has no data source elsewhere; it has: warehouse"),
        (DataRight("warehouse", "flights", "flights", ("a`b",)), "no name of a column"),
        (DataRight("warehouse", "flights", "flights", ()), "Name 1 to"),
        (DataRight("warehouse", "flights", "flights", None, "1 = 1"), "row filter"),
    ],
)
async def test_a_right_that_makes_no_sense_is_refused(
    session: AsyncSession, right: DataRight, reason: str
) -> None:
    made = await a_tenant(session)
    with pytest.raises(Invalid, match=reason):
        await roles.create(session, made, "reader", RoleContent(permissions=(right,)))


async def test_built_in_roles_keep_their_actions_but_not_their_rows(session: AsyncSession) -> None:
    made = await a_tenant(session)
    viewer = await roles.find(session, made, "viewer")
    with pytest.raises(Conflict, match="fixed"):
        await roles.replace(session, made, viewer, RoleContent(actions=frozenset(ACTIONS)))
    await roles.replace(session, made, viewer, RoleContent(permissions=(FLIGHTS,)))
    assert roles.rights_of(viewer) == [FLIGHTS]
    assert roles.actions_of(viewer) == set(ROLES["viewer"])
    with pytest.raises(Conflict, match="built in"):
        await roles.delete(session, made, viewer)
    for name in ("Reader", "", "9x", "a b"):
        with pytest.raises(Invalid, match="name"):
            await roles.create(session, made, name, RoleContent())
    with pytest.raises(Invalid, match="no action fly"):
        await roles.create(session, made, "pilot", RoleContent(actions=frozenset({"fly"})))


async def test_members_come_and_go(session: AsyncSession) -> None:
    made = await a_tenant(session)
    ann = await a_person(session, made, "analyst", "viewer")
    with pytest.raises(Conflict, match="already"):
        await members.join(session, ann, made.slug, "analyst")
    await members.take(session, made, ann.username, "viewer")  # no admin before, none after
    assert [one.role.name for one in (await members.find(session, made, ann.username)).memberships] == [
        "analyst"
    ]
    with pytest.raises(NotFound):
        await members.take(session, made, ann.username, "viewer")
    await members.take(session, made, ann.username)
    with pytest.raises(NotFound):
        await members.find(session, made, ann.username)
    events = list(
        await session.scalars(
            select(AuditEvent.action).where(AuditEvent.tenant_id == made.id).order_by(AuditEvent.number)
        )
    )
    assert events.count("create-membership") == 2
    assert events.count("delete-membership") == 2


async def test_a_tenant_keeps_somebody_who_manages_it(session: AsyncSession) -> None:
    made = await a_tenant(session)
    boss, _ = await a_person(session, made, "admin"), await a_person(session, made, "viewer")
    with pytest.raises(Conflict, match="could manage its members"):
        await members.take(session, made, boss.username, "admin")
    await session.rollback()


async def test_a_role_that_manages_is_not_emptied_under_its_last_member(session: AsyncSession) -> None:
    made = await a_tenant(session)
    content = RoleContent(actions=frozenset({"manage-members"}))
    keeper = await roles.create(session, made, "keeper", content)
    await a_person(session, made, "keeper")
    with pytest.raises(Conflict, match="could manage its members"):
        await roles.replace(session, made, keeper, RoleContent(actions=frozenset()))


async def test_what_a_group_gives_is_taken_away_there(session: AsyncSession) -> None:
    made = await a_tenant(session)
    ann = await a_person(session, made, "viewer")
    (membership,) = (await members.find(session, made, ann.username)).memberships
    membership.origin = "oidc"
    await session.flush()
    with pytest.raises(Conflict, match="organisation's sign-in"):
        await members.take(session, made, ann.username)
