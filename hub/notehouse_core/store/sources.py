"""Data sources: found by id or name, their secrets sealed, opened and sealed anew; and where each stands in ClickHouse."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.errors import Unavailable
from notehouse_core.secret_keys import KeyFile, KeyRing, Sealed, Unopenable, place_of
from notehouse_core.store.models import DataSource, Tenant

_FIELD = "secret"
_SEALING = 0x6E6F7465_73656C  # any number that only those who seal secrets lock


@dataclass(frozen=True)
class Places:
    """Which database of the platform's ClickHouse belongs to which source; by (tenant slug, source name)."""

    external: Mapping[tuple[str, str], str]  # "" for one that is not attached
    owners: Mapping[str, tuple[str, str]]

    def holds(self, tenant: str, source: str, database: str) -> bool:
        """May a grant on this source name this database?

        An external source has its own database and no other, and that database has no other source: who connects a
        source gains nothing else of the platform's ClickHouse by it.
        """
        if database in self.owners:
            return self.owners[database] == (tenant, source)
        return (tenant, source) not in self.external


async def load_places(session: AsyncSession) -> Places:
    """Where external sources stand now."""
    rows = await session.execute(
        select(Tenant.slug, DataSource.name, DataSource.attached_as)
        .join(Tenant, Tenant.id == DataSource.tenant_id)
        .where(DataSource.is_external)
    )
    external = {(tenant, name): attached or "" for tenant, name, attached in rows}
    return Places(external, {database: key for key, database in external.items() if database})


def warehouse_database(source: DataSource) -> str:
    """The database of the platform's ClickHouse that shows this source, "" for none."""
    if source.is_external:
        return source.attached_as or ""
    return str(source.connection_config.get("database", ""))


async def hold_keys(session: AsyncSession) -> None:
    """Let no rotation begin before this transaction ends: first thing in one that seals, before it writes anything."""
    await session.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": _SEALING})


async def seal(session: AsyncSession, source: DataSource, keys: KeyFile, secrets: Mapping[str, str]) -> None:
    """Store the secrets of a source, all of them; none clears them. The transaction began with `hold_keys`."""
    source.secret_fields = sorted(secrets)
    if not secrets:
        source.secret = source.secret_key_id = None
        return
    sealed = keys.ring().seal(json.dumps(dict(secrets)).encode(), _place(source))
    source.secret, source.secret_key_id = sealed.content, sealed.key_id


def unseal(source: DataSource, ring: KeyRing) -> dict[str, str]:
    """The secrets of a source. Raises Unopenable naming it."""
    if source.secret is None or source.secret_key_id is None:
        return {}
    try:
        opened = ring.open(Sealed(source.secret, source.secret_key_id), _place(source))
    except Unopenable as error:
        raise Unopenable(
            f"The secrets of the data source {source.name} cannot be opened. {error.message}"
        ) from error
    content: dict[str, str] = json.loads(opened)
    return content


async def seal_anew(session: AsyncSession, ring: KeyRing) -> int:
    """Seal every secret with the current key; how many there were. Raises Unopenable, and then nothing is changed."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _SEALING})
    found = list(await session.scalars(_sealed().with_for_update(of=DataSource)))
    for source in found:
        plain = json.dumps(unseal(source, ring)).encode()
        sealed = ring.seal(plain, _place(source))
        source.secret, source.secret_key_id = sealed.content, sealed.key_id
    await session.flush()
    return len(found)


async def check_secrets(session: AsyncSession, ring: KeyRing | None) -> None:
    """Raise Unavailable, saying what to do, unless every stored secret opens with the keys there are."""
    for source in await session.scalars(_sealed()):
        if ring is None:
            raise Unavailable(
                "NOTEHOUSE_SECRET_KEYS_FILE is not set, and data sources have secrets that need it."
            )
        try:
            unseal(source, ring)
        except Unopenable as error:
            raise Unavailable(
                f"{error.message} Bring back the file of secret keys (secrets/source-keys.json of the data folder, or a "
                "backup of it), or set the secrets of these sources anew. Nothing was changed."
            ) from error


def _sealed() -> Any:
    return select(DataSource).where(DataSource.secret.is_not(None)).order_by(DataSource.id)


def _place(source: DataSource) -> bytes:
    return place_of(source.tenant_id, source.id, _FIELD)
