"""Roles and attributes become access classes: who may read the same rows shares one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.errors import NotFound
from notehouse_core.store.database import Database
from notehouse_core.store.models import DataSource, Membership, Permission, Role, Tenant, User
from notehouse_core.store.plan import class_of, load_access_plan
from notehouse_core.store.unix_users import uid_of

FLIGHTS = "data:warehouse/flights.flights"


@pytest.fixture
async def session(database: Database) -> AsyncIterator[AsyncSession]:
    async with database.session() as opened:
        yield opened
        await opened.rollback()


async def make_tenant(session: AsyncSession, slug: str) -> Tenant:
    tenant = Tenant(slug=slug, name=slug)
    session.add(tenant)
    await session.flush()
    session.add(
        DataSource(
            tenant_id=tenant.id,
            name="warehouse",
            type="clickhouse",
            connection_config={"database": "flights"},
        )
    )
    return tenant


async def make_member(
    session: AsyncSession, tenant: Tenant, name: str, conditions: Mapping[str, object], **user: object
) -> User:
    role = Role(tenant_id=tenant.id, name=f"role of {name}")
    role.permissions = [
        Permission(tenant_id=tenant.id, resource=FLIGHTS, action="select", conditions=dict(conditions))
    ]
    person = User(username=name, **user)
    session.add_all([role, person])
    await session.flush()
    session.add(Membership(tenant_id=tenant.id, user_id=person.id, role_id=role.id))
    await session.flush()
    return person


async def test_equal_rows_share_a_class_and_tenants_never_do(session: AsyncSession) -> None:
    united, delta = await make_tenant(session, "united"), await make_tenant(session, "delta")
    only_ua = {"row_filter": "carrier = 'UA'"}
    for tenant, name in ((united, "ann"), (united, "bob"), (delta, "cid")):
        await make_member(session, tenant, name, only_ua)
    plan = await load_access_plan(session)
    ann, bob, cid = (plan.members[key] for key in (("ann", "united"), ("bob", "united"), ("cid", "delta")))
    assert ann == bob != cid
    assert plan.classes[ann].grants[0].row_filter == "carrier = 'UA'"


async def test_an_attribute_fills_a_filter_and_cannot_break_out_of_it(session: AsyncSession) -> None:
    tenant = await make_tenant(session, "united")
    by_attribute = {"row_filter": "carrier = {user.carrier}", "columns": ["dest", "carrier"]}
    await make_member(session, tenant, "eve", by_attribute, attributes={"carrier": "x' OR 1 --"})
    grant = (await class_of(session, "eve", "united")).grants[0]
    assert grant.row_filter == r"carrier = 'x\' OR 1 --'"
    assert grant.columns == ("carrier", "dest")


async def test_a_missing_attribute_means_no_rows(session: AsyncSession) -> None:
    tenant = await make_tenant(session, "united")
    await make_member(session, tenant, "fay", {"row_filter": "carrier = {user.carrier}"})
    assert (await class_of(session, "fay", "united")).grants == ()


@pytest.mark.parametrize("closed", ["user", "tenant"])
async def test_who_is_closed_reads_nothing(session: AsyncSession, closed: str) -> None:
    tenant = await make_tenant(session, "united")
    person = await make_member(session, tenant, "gil", {})
    (person if closed == "user" else tenant).is_active = False
    await session.flush()
    with pytest.raises(NotFound, match="may read no data"):
        await class_of(session, "gil", "united")


async def test_the_platform_admin_has_a_class_of_its_own(session: AsyncSession) -> None:
    await session.execute(delete(DataSource))  # what other tests have left, in this transaction
    await make_tenant(session, "united")
    session.add(User(username="root-admin", is_admin=True))
    await session.flush()
    admin = await class_of(session, "root-admin", "*")
    seen = {(one.database, one.table, one.row_filter) for one in admin.grants}
    assert seen == {("flights", "*", "1"), ("notehouse", "*", "1")}, "every row, and the usage of all"
    with pytest.raises(NotFound):
        await class_of(session, "root-admin", "united")


async def test_each_name_gets_one_uid_for_ever(database: Database) -> None:
    async def ask(name: str) -> int:
        async with database.session() as session:
            return await uid_of(session, name, 200_000)

    names = [f"person-{number % 5}" for number in range(20)]
    uids = dict(zip(names, await asyncio.gather(*map(ask, names)), strict=True))
    assert len(set(uids.values())) == 5
    assert min(uids.values()) >= 201_000
    assert await ask("person-3") == uids["person-3"]
    async with database.session() as session:
        await session.execute(text("DELETE FROM unix_users"))
    assert await ask("person-3") not in uids.values()
