"""From a row to a connection: its secrets opened, its host checked; and to a database of the platform's ClickHouse."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from notehouse_core.errors import Invalid, NotehouseError, SourceTimeout, TooMany
from notehouse_core.host_policy import HostPolicy
from notehouse_core.secret_keys import KeyFile
from notehouse_core.settings import Settings
from notehouse_core.store.models import DataSource
from notehouse_core.store.sources import unseal, warehouse_database
from notehouse_hub.sources import clickhouse
from notehouse_hub.sources.contract import PATIENCE, Connection, Target
from notehouse_hub.sources.registry import types

HOSTS = "NOTEHOUSE_SOURCE_HOSTS"
_TRIED_AT_ONCE = 4  # each holds a connection to Postgres for as long as its target lets us wait


@dataclass(frozen=True)
class Checked:
    """What a test of a connection found; the message is for whoever configured it."""

    success: bool
    message: str
    latency_ms: float
    version: str | None = None


class Sources:
    """Connects data sources; one a process that holds the secret keys."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._keys = KeyFile(settings.secret_keys_file) if settings.secret_keys_file else None
        self._policy = HostPolicy.of(HOSTS, settings.source_hosts)
        self._trying = asyncio.Semaphore(_TRIED_AT_ONCE)

    @property
    def keys(self) -> KeyFile:
        """The secret keys. Raises Invalid where none are set."""
        if self._keys is None:
            raise Invalid(
                "This platform has no keys for secrets, so none can be stored. An operator sets "
                "NOTEHOUSE_SECRET_KEYS_FILE; `notehouse up` does."
            )
        return self._keys

    @property
    def key_file(self) -> KeyFile | None:
        """The secret keys, None where none are set."""
        return self._keys

    @asynccontextmanager
    async def connect(self, source: DataSource, databases: Sequence[str] = ()) -> AsyncIterator[Connection]:
        """Connect a source; one of the house by the platform's ClickHouse, of which `databases` are looked at.

        Raises SourceDown, SourceTimeout, HostRefused or Unopenable.
        """
        if not source.is_external:
            wanted = list(databases) or [warehouse_database(source)]
            async with self._house(wanted) as connection:
                yield connection
            return
        target = await self._target(source)
        async with types.get(source.type).connect(target) as connection:
            yield connection

    async def check(self, source: DataSource) -> Checked:
        """Try a source, with a real connection. Raises TooMany while others are being tried."""
        if self._trying.locked():
            raise TooMany("Other data sources are being tried now. Try again in a moment.", retry_after=10)
        async with self._trying:
            return await self._check(source)

    async def _check(self, source: DataSource) -> Checked:
        began = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE + 5), self.connect(source) as connection:
                version = await connection.version()
        except TimeoutError:
            why: NotehouseError = SourceTimeout(f"No answer within {PATIENCE + 5:.0f} s.")
        except NotehouseError as error:
            why = error
        else:
            return Checked(True, f"{version} answers.", _since(began), version)
        return Checked(False, why.message, _since(began))

    async def attach(self, source: DataSource) -> bool:
        """Show an external source as a database of the platform's ClickHouse, under `attached_as`; False if none can.

        Raises SourceDown while ClickHouse is away.
        """
        engine = types.get(source.type).engine(await self._target(source))
        async with self._house([]) as own:
            if engine is None:
                await self._drop(own, source)
                return False
            source.attached_as = source.attached_as or await self._free_name(own, source)
            await own.execute(f"DROP DATABASE IF EXISTS `{source.attached_as}`")
            await own.execute(f"CREATE DATABASE IF NOT EXISTS `{source.attached_as}` ENGINE = {engine}")
        return True

    async def detach(self, source: DataSource) -> None:
        """Take the database of an external source away. Raises SourceDown while ClickHouse is away."""
        if source.attached_as:
            async with self._house([]) as own:
                await self._drop(own, source)

    async def _drop(self, own: clickhouse.ClickHouseConnection, source: DataSource) -> None:
        if source.attached_as:
            await own.execute(f"DROP DATABASE IF EXISTS `{source.attached_as}`")
        source.attached_as = None

    async def _free_name(self, own: clickhouse.ClickHouseConnection, source: DataSource) -> str:
        """A name that says whose source it is, which no database of ClickHouse has."""
        name = re.sub(r"\W", "_", f"{source.tenant.slug}__{source.name}")
        name = name if name[0].isalpha() else f"_{name}"
        return f"{name}_{source.id.hex[-8:]}" if await own.has_database(name) else name

    async def _target(self, source: DataSource) -> Target:
        kind = types.get(source.type)
        config = kind.config.model_validate(source.connection_config)
        secrets = unseal(source, self.keys.ring()) if source.secret else {}
        return Target(config, secrets, await self._policy.address(config.host, config.port))

    @asynccontextmanager
    async def _house(self, databases: Sequence[str]) -> AsyncIterator[clickhouse.ClickHouseConnection]:
        settings = self._settings
        headers = settings.clickhouse_headers()
        async with clickhouse.house(settings.clickhouse, headers, databases) as connection:
            yield connection


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)
