"""Connections that wait in the pool may have died meanwhile: nobody notices."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from notehouse_core.store import database as module
from notehouse_core.store.database import Database
from notehouse_core.store.isolation import NOWHERE
from notehouse_hub.embedded.standalone import RunningPostgres

MINE = text("SELECT pg_backend_pid()")


async def test_a_connection_that_died_while_it_rested_is_replaced(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_RESTED", 0.0)
    async with database.session() as one, database.session() as other:
        there = {await one.scalar(MINE), await other.scalar(MINE)}
    async with database.session() as session:
        (dead,) = there - {await session.scalar(MINE)}
        assert await session.scalar(text(f"SELECT pg_terminate_backend({dead})"))
    for scope in ("*", NOWHERE, "*"):
        async with database.session(scope) as session:
            assert await session.scalar(MINE) != dead


async def test_a_connection_that_has_just_worked_is_used_again(database: Database) -> None:
    async with database.session() as session:
        before = await session.scalar(MINE)
    async with database.session() as session:
        assert await session.scalar(MINE) == before


async def test_changes_are_counted_over_another_connection_when_that_was_lost(
    database: Database, postgres: RunningPostgres
) -> None:
    counted = await database.generation.now()
    others = "FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()"
    administrator = Database(postgres.urls.app)
    async with administrator.session() as session:
        await session.execute(text(f"SELECT pg_terminate_backend(pid) {others}"))
    for _ in range(2):
        assert await database.generation.now() == counted
    await administrator.close()
