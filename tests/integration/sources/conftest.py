"""Fixtures: our Postgres, a ClickHouse as the platform's own, somebody else's Postgres, and what connects them."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import delete

from contracts.foreign_postgres import ForeignPostgres, foreign_postgres
from notehouse_core.ids import uuid7
from notehouse_core.secret_keys import KeyRing
from notehouse_core.settings import Settings
from notehouse_core.store.database import Database
from notehouse_core.store.models import DataSource, Tenant
from notehouse_core.store.sources import hold_keys, seal
from notehouse_hub.embedded.standalone import RunningClickHouse, embedded_clickhouse, engine_folder
from notehouse_hub.sources.connecting import Sources


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def foreign() -> Iterator[ForeignPostgres]:
    with engine_folder() as folder, foreign_postgres(folder, free_port()) as running:
        yield running


@pytest.fixture(scope="session")
def clickhouse() -> Iterator[RunningClickHouse]:
    with engine_folder() as folder, embedded_clickhouse(folder, free_port()) as running:
        running.query("CREATE DATABASE flights")
        running.query(
            "CREATE TABLE flights.flights (carrier String COMMENT 'The airline', delay Nullable(Int16) DEFAULT 0) "
            "ENGINE = MergeTree ORDER BY carrier COMMENT 'Departures'"
        )
        running.query("INSERT INTO flights.flights SELECT 'UA', number FROM numbers(100)")
        yield running


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    file = tmp_path / "source-keys.json"
    file.write_text(KeyRing.new().text())
    return file


@pytest.fixture
def settings(clickhouse: RunningClickHouse, foreign: ForeignPostgres, keys_file: Path) -> Settings:
    return Settings(
        clickhouse_url=clickhouse.url,
        clickhouse_key=SecretStr(clickhouse.key),
        secret_keys_file=keys_file,
        source_hosts="127.0.0.0/8, localhost",
    )


@pytest.fixture
def sources(settings: Settings) -> Sources:
    return Sources(settings)


class Shelf:
    """Sources of one new tenant."""

    def __init__(self, database: Database, sources: Sources, tenant: Tenant) -> None:
        self.database, self.sources, self.tenant = database, sources, tenant

    async def put(self, name: str, type: str, config: dict[str, Any], **secrets: str) -> DataSource:
        """A stored external source."""
        async with self.database.session() as session:
            await hold_keys(session)
            source = DataSource(
                tenant_id=self.tenant.id, name=name, type=type, connection_config=config, is_external=True
            )
            session.add(source)
            await session.flush()
            if secrets:
                await seal(session, source, self.sources.keys, secrets)
        source.tenant = self.tenant
        return source


@pytest.fixture
async def shelf(database: Database, sources: Sources) -> AsyncIterator[Shelf]:
    tenant = Tenant(slug=f"house-{uuid7().hex[-12:]}", name="House")
    async with database.session() as session:
        session.add(tenant)
    yield Shelf(database, sources, tenant)
    async with database.session() as session:
        await session.execute(delete(DataSource))
