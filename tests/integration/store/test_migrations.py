"""The schema that migrations make is the one the models describe, and the app can use but not change it."""

from __future__ import annotations

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from notehouse_core.store import migrate
from notehouse_core.store.database import Database
from notehouse_hub.embedded.standalone import RunningPostgres


def test_models_and_migrations_agree(postgres: RunningPostgres) -> None:
    command.check(migrate._config(postgres.urls.owner))


def test_a_second_migration_changes_nothing(postgres: RunningPostgres) -> None:
    migrate.upgrade(postgres.urls.owner)


async def test_the_app_cannot_change_the_schema(database: Database) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        async with database.session() as session:
            await session.execute(text("DROP TABLE tenants"))


async def test_the_job_queue_is_there_for_the_app(database: Database) -> None:
    async with database.session() as session:
        assert await session.scalar(text("SELECT count(*) FROM procrastinate_jobs")) == 0
