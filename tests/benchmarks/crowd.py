"""A crowd in the metadata: tenants, people and dashboards by the ten thousand, put there and taken away again."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.stage import Stage
from notehouse_core.ids import uuid7
from notehouse_core.policy import ROLES
from notehouse_core.settings import Settings
from notehouse_core.store.database import Database
from notehouse_core.store.models import (
    Dashboard,
    DashboardPermission,
    Membership,
    Permission,
    Role,
    Tenant,
    User,
)
from notehouse_core.store.people import TENANT_RESOURCE
from notehouse_core.store.plan import CHANNEL
from notehouse_hub.supervisor.rotation import House
from notehouse_hub.supervisor.running_checks import platform_of

TENANTS, USERS, DASHBOARDS = 49, 10_000, 100_000  # and the demo's own tenant with its share of dashboards
PREFIX = "crowd-"
_BATCH = 5_000
_WORDS = ("delays", "revenue", "stations", "fuel", "crews")
Row = dict[str, Any]


def database_of(stage: Stage) -> Database:
    """Return the metadata of a platform, as its own processes see it."""
    return Database(House(Settings(data=stage.data)).database_url)


async def look_again(stage: Stage) -> None:
    """Have Postgres do at once what it does by itself a minute later: forget dead rows, and count those that live."""
    urls = platform_of(Settings(data=stage.data)).database_urls
    owner = Database(urls.owner, pool_size=1)
    async with owner.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for table in (Tenant, User, Role, Permission, Membership, Dashboard, DashboardPermission):
            await connection.execute(text(f"VACUUM (ANALYZE) {table.__tablename__}"))
    await owner.close()


@asynccontextmanager
async def crowd(database: Database, guest: str) -> AsyncIterator[None]:
    """Fill the metadata for as long as a block lasts; the tenant `guest` gets its share of dashboards too."""
    await _clear(database)
    async with database.session() as session:
        await _fill(session, guest)
    yield
    await _clear(database)


async def _fill(session: AsyncSession, guest: str) -> None:
    tenants = [{"id": uuid7(), "slug": f"{PREFIX}{n}", "name": f"Crowd {n}"} for n in range(TENANTS)]
    users = [_user(n) for n in range(USERS)]
    await _add(session, Tenant, tenants)
    await _add(session, User, users)
    roles = [{"id": uuid7(), "tenant_id": one["id"], "name": name} for one in tenants for name in ROLES]
    await _add(session, Role, roles)
    await _add(session, Permission, [row for role in roles for row in _permissions(role)])
    await _add(
        session, Membership, [_membership(user, roles[n % len(roles)]) for n, user in enumerate(users)]
    )
    host = await session.scalar(select(Tenant.id).where(Tenant.slug == guest))
    places: list[Any] = [*(one["id"] for one in tenants), host]
    owners = [one["id"] for one in users]
    dashboards = [_dashboard(n, places[n % len(places)], random.choice(owners)) for n in range(DASHBOARDS)]
    await _add(session, Dashboard, dashboards)
    shared = [_share(one, random.choice(owners)) for one in dashboards[::2]]
    await _add(session, DashboardPermission, shared)
    await session.execute(text(f"NOTIFY {CHANNEL}"))


def _user(number: int) -> Row:
    attributes = {"carrier": f"C{number % 20}"}
    return {"id": uuid7(), "username": f"{PREFIX}{number}", "attributes": attributes}


def _permissions(role: Row) -> list[Row]:
    row = {"tenant_id": role["tenant_id"], "role_id": role["id"], "conditions": {}}
    rights = [(TENANT_RESOURCE, action) for action in ROLES[role["name"]]]
    return [{**row, "id": uuid7(), "resource": resource, "action": action} for resource, action in rights]


def _membership(user: Row, role: Row) -> Row:
    return {"id": uuid7(), "tenant_id": role["tenant_id"], "user_id": user["id"], "role_id": role["id"]}


def _dashboard(number: int, tenant: UUID, owner: UUID) -> Row:
    slug = f"{PREFIX}{number}"
    name = f"{random.choice(_WORDS).title()} {number}"
    public = random.random() < 0.3
    return {
        "id": uuid7(),
        "tenant_id": tenant,
        "slug": slug,
        "name": name,
        "owner_id": owner,
        "is_public": public,
    }


def _share(dashboard: Row, user: UUID) -> Row:
    row = {"id": uuid7(), "tenant_id": dashboard["tenant_id"], "dashboard_id": dashboard["id"]}
    return {**row, "user_id": user, "permission_type": "view"}


async def _add(session: AsyncSession, table: type[Any], rows: Sequence[Row]) -> None:
    for first in range(0, len(rows), _BATCH):
        await session.execute(insert(table), rows[first : first + _BATCH])


async def _clear(database: Database) -> None:
    crowds = select(Tenant.id).where(Tenant.slug.startswith(PREFIX))
    async with database.session() as session:
        await session.execute(delete(Dashboard).where(Dashboard.slug.startswith(PREFIX)))
        for table in (Membership, Permission, Role):
            await session.execute(delete(table).where(table.tenant_id.in_(crowds)))
        await session.execute(delete(User).where(User.username.startswith(PREFIX)))
        await session.execute(delete(Tenant).where(Tenant.slug.startswith(PREFIX)))
        await session.execute(text(f"NOTIFY {CHANNEL}"))
