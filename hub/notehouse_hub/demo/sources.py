"""Which data do the demo's tenants read, and which rows of it?

A source comes with the rights to it, once: what an admin takes away later stays away.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from notehouse_core.store.models import DataSource, Permission, Role, Tenant
from notehouse_hub.sample import landing, trade

CARRIERS = {"united": "UA", "delta": "DL"}
_ALL_ROWS = "1"
_OWN_ROWS = "carrier = '{}'"


@dataclass(frozen=True)
class Source:
    """A data source of a tenant; tables whose rows belong to an airline are filtered, the others are shared.

    `{tenant}` in `database` stands for the tenant; roles of `writers` add rows to its shared tables.
    """

    name: str
    type: str
    description: str
    database: str
    own: tuple[str, ...] = ()
    shared: tuple[str, ...] = field(default=())
    writers: tuple[str, ...] = ()

    def place(self, slug: str) -> str:
        """Return the database for a tenant."""
        return self.database.format(tenant=slug)

    def filters(self, slug: str) -> dict[str, str]:
        """Return the row filter of each table for a tenant."""
        mine = _OWN_ROWS.format(CARRIERS[slug])
        return {**dict.fromkeys(self.own, mine), **dict.fromkeys(self.shared, _ALL_ROWS)}


WAREHOUSE = Source(
    "warehouse",
    "clickhouse",
    "All flights out of New York City in 2013",
    "flights",
    own=("flights",),
    shared=("airlines", "airports", "planes", "weather"),
)
LIVE = Source("live", "clickhouse", "Departures as they are reported", "live", own=("departures",))
TRADE = Source(
    "tpch",
    "clickhouse",
    "Orders of a wholesale house, in the tables of TPC-H",
    trade.DATABASE,
    shared=trade.TABLES,
)
LANDING = Source(
    "landing",
    "clickhouse",
    "Rows that come in: tables that analysts write to",
    landing.database("{tenant}"),
    shared=landing.TABLES,
    writers=("analyst", "admin"),
)
METADATA = Source(
    "metadata_demo",
    "postgresql",
    "Airlines and airports, in Postgres",
    "metadata_demo",
    shared=("airlines", "airports"),
)


async def add_sources(session: AsyncSession, tenant: Tenant, sources: tuple[Source, ...]) -> None:
    """Add those of the sources that the tenant does not have yet, and let all its roles read them."""
    known = set(await session.scalars(select(DataSource.name).where(DataSource.tenant_id == tenant.id)))
    missing = [source for source in sources if source.name not in known]
    if not missing:
        return
    query = select(Role).where(Role.tenant_id == tenant.id).options(selectinload(Role.permissions))
    roles = (await session.scalars(query)).all()
    for source in missing:
        session.add(_row(source, tenant))
        for role in roles:
            role.permissions += _rights(source, tenant, role)
    await session.flush()


def _row(source: Source, tenant: Tenant) -> DataSource:
    return DataSource(
        tenant_id=tenant.id,
        name=source.name,
        type=source.type,
        description=source.description,
        connection_config={"database": source.place(tenant.slug)},
        status="ready",
    )


def _rights(source: Source, tenant: Tenant, role: Role) -> list[Permission]:
    writes = {"insert": True} if role.name in source.writers else {}
    return [
        Permission(
            tenant_id=tenant.id,
            resource=f"data:{source.name}/{source.place(tenant.slug)}.{table}",
            action="select",
            conditions={"row_filter": row_filter, **writes},
        )
        for table, row_filter in source.filters(tenant.slug).items()
    ]
