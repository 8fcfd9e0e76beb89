"""Fixtures: a migrated Postgres of its own, and a session in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from notehouse_core.store.database import Database
from notehouse_core.store.migrate import upgrade
from notehouse_hub.embedded.standalone import RunningPostgres, embedded_postgres, engine_folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[RunningPostgres]:
    with engine_folder() as folder, embedded_postgres(folder) as running:
        upgrade(running.urls.owner)
        yield running


@pytest.fixture
async def database(postgres: RunningPostgres) -> AsyncIterator[Database]:
    opened = Database(postgres.urls.app)
    yield opened
    await opened.close()
