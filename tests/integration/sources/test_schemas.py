"""The cache of schemas, and what a grant on an external source can mean."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.foreign_postgres import READER_PASSWORD, ForeignPostgres
from integration.sources.conftest import Shelf
from notehouse_core.store import source_schemas
from notehouse_core.store.database import Database
from notehouse_core.store.models import DataSource, Membership, Permission, Role, SchemaRefresh, User
from notehouse_core.store.plan import load_access_plan
from notehouse_hub.sources.refreshing import Refresher


@pytest.fixture
async def refresher(shelf: Shelf) -> AsyncIterator[Refresher]:
    made = Refresher(shelf.database, shelf.sources)
    yield made
    await made.close()


async def progress(database: Database, source: DataSource) -> SchemaRefresh:
    async with database.session() as session:
        found = await source_schemas.refresh_of(session, source)
    assert found is not None
    return found


async def begin(database: Database, source: DataSource) -> bool:
    async with database.session() as session:
        return (await source_schemas.begin(session, source))[1]


async def test_a_refresh_fills_the_cache_and_tells_how_far_it_is(
    shelf: Shelf, foreign: ForeignPostgres, database: Database, refresher: Refresher
) -> None:
    source = await shelf.put("crm", "postgresql", foreign.config(), password=READER_PASSWORD)
    assert await begin(database, source)
    assert not await begin(database, source)  # one at a time
    await refresher.start(source.id)
    for _ in range(200):
        seen = await progress(database, source)
        if seen.state != "running":
            break
        await asyncio.sleep(0.02)
    assert (seen.state, seen.tables_done, seen.tables_total, seen.error) == ("ready", 2, 2, None)
    assert seen.ended_at is not None
    async with database.session() as session:
        known = list(await source_schemas.columns_of(session, source))
    crews = [one for one in known if one.table == "crews"]
    assert [one.column for one in crews] == ["id", "carrier", "name", "born"]
    assert {(one.schema, one.table_comment, one.rows) for one in crews} == {("public", "Who flies", 1000)}


async def test_a_refresh_that_fails_keeps_what_was_known(
    shelf: Shelf, foreign: ForeignPostgres, database: Database, refresher: Refresher
) -> None:
    source = await shelf.put("crm", "postgresql", foreign.config(), password=READER_PASSWORD)
    await begin(database, source)
    await refresher.run(source.id)
    async with database.session() as session:
        found = await session.get(DataSource, source.id)
        assert found is not None
        found.connection_config = foreign.config(port=1)
    assert await begin(database, source)
    await refresher.run(source.id)
    seen = await progress(database, source)
    assert (seen.state, seen.error) == ("failed", "127.0.0.1:1: Connection refused.")
    async with database.session() as session:
        assert len(list(await source_schemas.columns_of(session, source))) == 6


async def test_one_whose_process_died_can_be_taken_over(
    shelf: Shelf, foreign: ForeignPostgres, database: Database
) -> None:
    source = await shelf.put("crm", "postgresql", foreign.config(), password=READER_PASSWORD)
    assert await begin(database, source)
    long_ago = datetime.now(UTC) - 2 * source_schemas.LOST
    async with database.session() as session:
        found = await source_schemas.refresh_of(session, source)
        assert found is not None
        found.updated_at = long_ago
    assert source_schemas.is_lost(await progress(database, source))
    assert await begin(database, source)
    assert datetime.now(UTC) - (await progress(database, source)).updated_at < timedelta(seconds=30)


async def member(shelf: Shelf, resources: list[str]) -> str:
    """Somebody of the tenant whose role reads these."""
    async with shelf.database.session() as session:
        tenant = shelf.tenant.id
        rights: list[Any] = [
            Permission(tenant_id=tenant, resource=one, action="select", conditions={"row_filter": "1"})
            for one in resources
        ]
        role = Role(name="reader", tenant_id=tenant, permissions=rights)
        person = User(username=f"{shelf.tenant.slug}-reader")
        session.add_all([role, person, Membership(user=person, role=role, tenant_id=tenant)])
    return person.username


async def test_who_connects_a_source_gains_nothing_else_of_clickhouse_by_it(
    shelf: Shelf, foreign: ForeignPostgres, database: Database
) -> None:
    source = await shelf.put(
        "crm", "postgresql", foreign.config(database="flights"), password=READER_PASSWORD
    )
    other = await shelf.put("hr", "postgresql", foreign.config(), password=READER_PASSWORD)
    async with database.session() as session:
        for one, name in ((source, "house__crm"), (other, "house__hr")):
            found = await session.get(DataSource, one.id)
            assert found is not None
            found.attached_as = name
    asked = (
        "crm/house__crm.crews",
        "crm/flights.flights",
        "crm/house__hr.crews",
        "warehouse/house__hr.crews",
    )
    username = await member(shelf, [f"data:{one}" for one in asked])
    async with database.session() as session:
        plan = await load_access_plan(session)
    found_class = plan.class_of(username, shelf.tenant.slug)
    assert found_class is not None
    assert [(one.source, one.database) for one in found_class.grants] == [("crm", "house__crm")]
