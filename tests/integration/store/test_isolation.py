"""Between tenants stands Postgres itself: a transaction sees its own tenants' rows, and rows refer to no other's."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from notehouse_core.store.database import Database
from notehouse_core.store.isolation import NOWHERE, limit_to
from notehouse_core.store.models import Base, Dashboard, DashboardPermission, Role, Tenant, User
from notehouse_hub.embedded.standalone import RunningPostgres

TABLES = sorted(one.name for one in Base.metadata.tables.values() if "tenant_id" in one.c)


@pytest.fixture
async def tenants(database: Database) -> list[Tenant]:
    """Two tenants, each with a role and a dashboard."""
    made = [Tenant(slug=f"t-{uuid4().hex[:8]}", name=name) for name in ("One", "Other")]
    owner = User(username=f"u-{uuid4().hex[:8]}")
    async with database.session() as session:
        session.add_all([*made, owner])
        await session.flush()
        for one in made:
            session.add(Role(tenant_id=one.id, name="reader"))
            session.add(Dashboard(tenant_id=one.id, slug="d", name="D", owner_id=owner.id))
    return made


async def test_every_table_of_a_tenant_is_isolated_also_for_its_owner(database: Database) -> None:
    asked = text("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity ORDER BY relname")
    async with database.session() as session:
        isolated = set(await session.scalars(asked))
    assert isolated == {*TABLES, "tenants"}


async def test_every_reference_between_tables_of_tenants_includes_the_tenant(database: Database) -> None:
    wanted = {
        f"tenant_{table.name}_{key.parent.name}"
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if table.name in TABLES and key.column.table.name in TABLES
    }
    asked = text("SELECT conname FROM pg_constraint WHERE contype = 'f' AND conname LIKE 'tenant\\_%'")
    async with database.session() as session:
        assert set(await session.scalars(asked)) == wanted


async def test_a_transaction_sees_its_own_tenants_and_no_others(
    database: Database, tenants: list[Tenant]
) -> None:
    one, other = (tenant.id for tenant in tenants)
    async with database.session(NOWHERE) as session:
        for wanted, seen in (([], set()), ([one], {one}), ([one, other], {one, other})):
            await limit_to(session, wanted)
            assert set(await session.scalars(select(Dashboard.tenant_id))) & {one, other} == seen
            assert set(await session.scalars(select(Tenant.id))) & {one, other} == seen
        await limit_to(session, [one])
        changed = await session.execute(text("UPDATE roles SET name = 'mine'"))
        assert changed.rowcount == 1  # type: ignore[attr-defined]
        await session.rollback()


async def test_it_writes_no_row_of_another_tenant(database: Database, tenants: list[Tenant]) -> None:
    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.session(str(tenants[0].id)) as session:
            session.add(Role(tenant_id=tenants[1].id, name="intruder"))


async def test_a_row_cannot_refer_to_another_tenants(database: Database, tenants: list[Tenant]) -> None:
    one, other = tenants
    async with database.session() as session:
        mine = await session.scalar(select(Dashboard.id).where(Dashboard.tenant_id == one.id))
        theirs = await session.scalar(select(Role.id).where(Role.tenant_id == other.id))
    crossing = DashboardPermission(
        tenant_id=one.id, dashboard_id=mine, role_id=theirs, permission_type="view"
    )
    async with database.session() as session:
        session.add(crossing)
        with pytest.raises(IntegrityError, match="tenant_dashboard_permissions_role_id"):
            await session.flush()
        await session.rollback()


async def test_a_scope_ends_with_its_transaction(postgres: RunningPostgres, tenants: list[Tenant]) -> None:
    single = Database(postgres.urls.app, pool_size=1)
    async with single.session() as session:
        assert await session.scalar(select(func.count()).select_from(Tenant))
    async with single.engine.begin() as connection:
        assert await connection.scalar(select(func.count()).select_from(Tenant)) == 0, (
            "who says nothing sees nothing"
        )
    await single.close()
