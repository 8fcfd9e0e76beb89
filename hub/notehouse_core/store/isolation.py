"""The second line between tenants: Postgres itself shows a transaction the rows of its own tenants only.

A transaction says whose rows it is about in the setting `notehouse.tenants`: ids with commas, or `*` for our own
processes that work for all. One that says nothing sees nothing. Rows of one tenant cannot refer to another's either:
foreign keys between tenants' tables include the tenant.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

EVERYWHERE = "*"
NOWHERE = ""
SETTING = "notehouse.tenants"
_LIMIT = text(f"SELECT set_config('{SETTING}', :scope, true)")

# `SELECT` around the calls makes Postgres ask once a statement instead of once a row.
FUNCTIONS = (
    f"""CREATE FUNCTION notehouse_everywhere() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT coalesce(current_setting('{SETTING}', true), '') = '{EVERYWHERE}' $$""",
    f"""CREATE FUNCTION notehouse_tenants() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT CASE WHEN coalesce(current_setting('{SETTING}', true), '') IN ('', '{EVERYWHERE}') THEN '{{}}'
       ELSE string_to_array(current_setting('{SETTING}', true), ',') END::uuid[] $$""",
)


def isolate(table: str, column: str = "tenant_id") -> tuple[str, ...]:
    """The statements by which a table shows each transaction its own tenants' rows only, its owner too."""
    return (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY tenant_isolation ON {table} USING ((SELECT notehouse_everywhere()) "
        f"OR {column} = ANY ((SELECT notehouse_tenants())::uuid[]))",
    )


def referable(table: str) -> str:
    """The statement that lets rows of other tables refer to a table's rows together with their tenant."""
    return f"ALTER TABLE {table} ADD CONSTRAINT tenant_{table}_id UNIQUE (tenant_id, id)"


def within_tenant(table: str, column: str, target: str) -> str:
    """The statement that makes a reference stay within its tenant."""
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT tenant_{table}_{column} "
        f"FOREIGN KEY (tenant_id, {column}) REFERENCES {target} (tenant_id, id)"
    )


async def limit_to(session: AsyncSession, tenants: Iterable[UUID] | str) -> None:
    """Say for the rest of a transaction whose rows it is about: ids, EVERYWHERE or NOWHERE."""
    scope = tenants if isinstance(tenants, str) else ",".join(str(one) for one in tenants)
    await (await session.connection()).execute(_LIMIT, {"scope": scope})


@asynccontextmanager
async def everywhere(session: AsyncSession) -> AsyncIterator[None]:
    """Look at all tenants' rows within a block: for decisions that depend on what somebody has elsewhere."""
    before = await session.scalar(select(func.current_setting(SETTING, True)))
    await limit_to(session, EVERYWHERE)
    yield
    await limit_to(session, before or NOWHERE)
