"""The audit: every change with what was there before, by whom; and nobody can rewrite it unseen."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from notehouse_core.store import audit
from notehouse_core.store.database import Database
from notehouse_core.store.models import AuditEvent, Role, Tenant, User
from notehouse_hub.embedded.standalone import RunningPostgres

ANN = audit.Author("ann", "192.0.2.1", "request-1")


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    made = Tenant(slug=f"t-{uuid4().hex[:8]}", name="T")
    async with database.session() as session:
        session.add(made)
    return made


async def events(database: Database, what: str) -> list[AuditEvent]:
    async with database.session() as session:
        found = await session.scalars(
            select(AuditEvent)
            .where((AuditEvent.object == what) | (AuditEvent.details["id"].astext == what))
            .order_by(AuditEvent.number)
        )
        return list(found)


async def breaks(database: Database) -> Any:
    async with database.session() as session:
        return await session.scalar(text("SELECT notehouse_audit_break()"))


async def test_a_change_tells_what_was_and_what_is_and_who(database: Database, tenant: Tenant) -> None:
    role = Role(tenant_id=tenant.id, name="reader")
    async with database.session(str(tenant.id)) as session:
        audit.sign(session, ANN)
        session.add(role)
        await session.flush()
        role.description = "Reads"
        await session.flush()
        await session.delete(role)
    created, changed, deleted = await events(database, str(role.id))
    assert [one.action for one in (created, changed, deleted)] == [
        "create-role",
        "change-role",
        "delete-role",
    ]
    assert created.details["after"]["name"] == "reader"
    assert changed.details == {
        "id": str(role.id),
        "before": {"description": ""},
        "after": {"description": "Reads"},
    }
    assert deleted.details["before"]["description"] == "Reads"
    assert (created.actor, created.address, created.request_id) == ("ann", "192.0.2.1", "request-1")
    assert created.tenant_id == tenant.id


async def test_no_secret_and_nothing_undone_is_in_it(database: Database) -> None:
    kept = User(username=f"u-{uuid4().hex[:8]}", password_hash="argon2-of-something")
    async with database.session() as session:
        session.add(kept)
    undone = User(username=f"u-{uuid4().hex[:8]}")
    async with database.session() as session:
        session.add(undone)
        await session.flush()
        await session.rollback()
    (event,) = await events(database, str(kept.id))
    assert "argon2" not in str(event.details)
    assert await events(database, str(undone.id)) == []


async def test_a_login_is_written_without_a_change(database: Database) -> None:
    name = uuid4().hex
    async with database.session() as session:
        await audit.record(session, name, "login-failed", name, {"wrong": "password"})
    (event,) = await events(database, name)
    assert (event.actor, event.action, event.details) == (name, "login-failed", {"wrong": "password"})


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_events SET actor = 'x'", "DELETE FROM audit_events", "TRUNCATE audit_events"],
)
async def test_neither_the_app_nor_the_owner_changes_it(
    postgres: RunningPostgres, database: Database, tenant: Tenant, statement: str
) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with database.session() as session:
            await session.execute(text(statement))
    owner = Database(postgres.urls.owner)
    with pytest.raises(ProgrammingError, match="append only"):
        async with owner.session() as session:
            await session.execute(text(statement))
    await owner.close()


async def test_the_chain_shows_what_a_superuser_did(
    postgres: RunningPostgres, database: Database, tenant: Tenant
) -> None:
    for number in range(3):
        async with database.session() as session:
            await audit.record(session, "ann", "test", f"chain-{number}")
    assert await breaks(database) is None
    root = create_async_engine(postgres.superuser_url.replace("/postgres?", "/notehouse?"))
    try:
        for damage in (
            text("UPDATE audit_events SET actor = 'nobody' WHERE object = 'chain-1'"),
            delete(AuditEvent).where(AuditEvent.object == "chain-1"),
        ):
            async with root.connect() as connection:
                await connection.execute(text("ALTER TABLE audit_events DISABLE TRIGGER USER"))
                await connection.execute(damage)
                found = await AsyncSession(connection).scalar(text("SELECT notehouse_audit_break()"))
                assert found
                await connection.rollback()
    finally:
        await root.dispose()
    assert await breaks(database) is None
