"""From roles and attributes in Postgres to the access plan: which classes there are, and who holds which."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from notehouse_core.access import PLATFORM, AccessClass, AccessPlan, TableGrant, fill, make_class
from notehouse_core.errors import NotFound
from notehouse_core.store.models import DataSource, Membership, Permission, Role, Tenant, User

CHANNEL = "notehouse_rights"
PREFIX = "data:"
USAGE_DATABASE = "notehouse"  # the platform admin reads it, nobody else
ALL_ROWS = "1"


async def load_access_plan(session: AsyncSession) -> AccessPlan:
    """Every class that an active user of an active tenant holds now, and the platform admin's own."""
    classes: dict[str, AccessClass] = {}
    members: dict[tuple[str, str], str] = {}
    for (user, tenant), permissions in (await _data_permissions(session)).items():
        made = make_class(tenant, _grants(permissions, user.attributes))
        classes[made.id], members[user.username, tenant] = made, made.id
    admins = (await session.scalars(select(User.username).where(User.is_admin, User.is_active))).all()
    if admins and (platform := await _platform_class(session)):
        classes[platform.id] = platform
        members.update({(name, PLATFORM): platform.id for name in admins})
    return AccessPlan(classes, members)


async def class_of(session: AsyncSession, username: str, tenant: str) -> AccessClass:
    """The class a user has in a tenant ("*": the platform admin's own). Raises NotFound for no data."""
    found = (await load_access_plan(session)).class_of(username, tenant)
    if found is None:
        raise NotFound(f"{username} may read no data here. Ask an admin for a role that reads some.")
    return found


async def _data_permissions(session: AsyncSession) -> dict[tuple[User, str], list[Permission]]:
    """What each member of each tenant may select; only of those who may read something."""
    rows = await session.scalars(
        select(Membership)
        .join(Membership.user)
        .join(Membership.tenant)
        .where(User.is_active, Tenant.is_active)
        .options(
            selectinload(Membership.user),
            selectinload(Membership.tenant),
            selectinload(Membership.role).selectinload(Role.permissions),
        )
    )
    found: dict[tuple[User, str], list[Permission]] = defaultdict(list)
    for membership in rows:
        data = [one for one in membership.role.permissions if _is_data(one)]
        if data:
            found[membership.user, membership.tenant.slug] += data
    return found


def _is_data(permission: Permission) -> bool:
    return permission.resource.startswith(PREFIX) and permission.action == "select"


def _grants(permissions: Iterable[Permission], attributes: dict[str, object]) -> list[TableGrant]:
    return [grant for permission in permissions if (grant := _grant(permission, attributes))]


def _grant(permission: Permission, attributes: dict[str, object]) -> TableGrant | None:
    """The grant of one permission; None where the user lacks an attribute of its filter: no value, no rows."""
    source, _, path = permission.resource.removeprefix(PREFIX).partition("/")
    database, _, table = path.partition(".")
    columns = permission.conditions.get("columns")
    try:
        row_filter = fill(str(permission.conditions.get("row_filter") or ALL_ROWS), attributes)
    except KeyError:
        return None
    return TableGrant(source, database, table, tuple(sorted(columns)) if columns else None, row_filter)


async def _platform_class(session: AsyncSession) -> AccessClass | None:
    """All rows of the database of every source; those of other kinds are attached to ClickHouse."""
    rows = await session.execute(select(DataSource.name, DataSource.connection_config).distinct())
    grants = {
        TableGrant(name, database, "*", None, ALL_ROWS)
        for name, config in rows
        if (database := str(config.get("database", "")))
    }
    grants |= {TableGrant(one.source, USAGE_DATABASE, "*", None, ALL_ROWS) for one in grants}
    return make_class(PLATFORM, grants) if grants else None
