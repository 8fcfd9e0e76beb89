"""Roles of a tenant: which actions they allow, which rows they read, what they may use at most."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from notehouse_core.data_rights import PREFIX, DataRight
from notehouse_core.errors import Conflict, Invalid, NotFound
from notehouse_core.policy import ACTIONS
from notehouse_core.row_filter import parse
from notehouse_core.store.models import DataSource, Membership, Permission, Role, SourceColumn, Tenant, User
from notehouse_core.store.people import TENANT_RESOURCE
from notehouse_core.store.sources import load_places
from notehouse_core.store.tenants import checked_limits, lock_tenant
from notehouse_core.store.users import announce

NAME = r"[a-z][a-z0-9_-]{0,62}"
MANAGE = "manage-members"
MOST_RIGHTS = 500


@dataclass(frozen=True)
class RoleContent:
    """All that can be said of a role but its name; `actions` None leaves them as they are."""

    description: str = ""
    actions: frozenset[str] | None = None
    permissions: tuple[DataRight, ...] = ()
    limits: dict[str, int] = field(default_factory=dict)


def of_tenant(tenant: Tenant) -> Select[Role]:
    """The roles of a tenant, with their permissions."""
    return select(Role).where(Role.tenant_id == tenant.id).options(selectinload(Role.permissions))


async def find(session: AsyncSession, tenant: Tenant, name: str) -> Role:
    """A role of a tenant, with its permissions. Raises NotFound."""
    query = of_tenant(tenant).where(Role.name == name).execution_options(populate_existing=True)
    found = await session.scalar(query)
    if found is None:
        raise NotFound(f"There is no role {name} in {tenant.slug}.")
    return found


def actions_of(role: Role) -> frozenset[str]:
    """The actions that a loaded role allows."""
    return frozenset(one.action for one in role.permissions if one.resource == TENANT_RESOURCE)


def rights_of(role: Role) -> list[DataRight]:
    """What a loaded role reads, by table."""
    stored = [one for one in role.permissions if one.resource.startswith(PREFIX) and one.action == "select"]
    return sorted(
        (DataRight.of(one.resource, one.conditions) for one in stored),
        key=lambda one: (one.resource, one.row_filter, one.columns or (), one.insert),
    )


async def create(session: AsyncSession, tenant: Tenant, name: str, content: RoleContent) -> Role:
    """Make a role of a tenant's own. Raises Invalid, or Conflict when there is one of that name."""
    if not re.fullmatch(NAME, name):
        raise _wrong("name", "A role's name has small letters, digits, _ and -, and begins with a letter.")
    if await session.scalar(select(Role.id).where(Role.tenant_id == tenant.id, Role.name == name)):
        raise Conflict(f"There is a role {name} in {tenant.slug} already.")
    limits = await _checked(session, tenant, content)
    role = Role(tenant_id=tenant.id, name=name, description=content.description, limits=limits)
    role.permissions = _rows(tenant, content.actions or (), content.permissions)
    session.add(role)
    await session.flush()
    await announce(session)
    return role


async def replace(session: AsyncSession, tenant: Tenant, role: Role, content: RoleContent) -> Role:
    """Say anew what a loaded role is. Raises Invalid, or Conflict for what would leave a tenant without an admin."""
    actions = actions_of(role) if content.actions is None else content.actions
    if role.is_builtin and actions != actions_of(role):
        raise Conflict(f"The actions of the built-in role {role.name} are fixed. Make a role of your own.")
    limits = await _checked(session, tenant, content)
    wanted = {_key(one): one for one in _rows(tenant, actions, content.permissions)}
    async with stays_managed(session, tenant):
        kept = {_key(one): one for one in role.permissions if _key(one) in wanted}
        role.permissions = [kept.get(key, one) for key, one in wanted.items()]
        role.description = content.description
        role.limits = limits
    await announce(session)
    return role


async def delete(session: AsyncSession, tenant: Tenant, role: Role) -> None:
    """Take a role away, from all who have it. Raises Conflict for a built-in one, or the last that manages."""
    if role.is_builtin:
        raise Conflict(f"The role {role.name} is built in and stays. Take it from its members instead.")
    async with stays_managed(session, tenant):
        for one in await session.scalars(select(Membership).where(Membership.role_id == role.id)):
            await session.delete(one)  # one by one: each is in the audit
        await session.delete(role)
    await announce(session)


async def managers(session: AsyncSession, tenant: Tenant) -> int:
    """How many active people manage a tenant's members."""
    allows = Role.permissions.any((Permission.resource == TENANT_RESOURCE) & (Permission.action == MANAGE))
    query = (
        select(func.count(User.id.distinct()))
        .join(Membership, Membership.user_id == User.id)
        .join(Role, Role.id == Membership.role_id)
        .where(Membership.tenant_id == tenant.id, User.is_active, allows)
    )
    return await session.scalar(query) or 0


@asynccontextmanager
async def stays_managed(session: AsyncSession, tenant: Tenant) -> AsyncIterator[None]:
    """Let a block change who may do what, alone; raise Conflict if it leaves members whom nobody manages any more."""
    await lock_tenant(session, tenant)
    before = await managers(session, tenant)
    yield
    await session.flush()
    members = select(Membership.id).where(Membership.tenant_id == tenant.id).limit(1)
    if before and await session.scalar(members) and not await managers(session, tenant):
        raise Conflict(
            f"Nobody in {tenant.slug} could manage its members any more. Give somebody else the role admin first."
        )


async def check_rights(session: AsyncSession, tenant: Tenant, rights: Sequence[DataRight]) -> None:
    """Raise Invalid unless names, filters and data sources are such as a role of this tenant can have."""
    if len(rights) > MOST_RIGHTS:
        raise _wrong("permissions", f"A role may read {MOST_RIGHTS} tables; these are {len(rights)}.")
    for one in rights:
        one.check()
    sources = {
        one.name: one
        for one in await session.scalars(select(DataSource).where(DataSource.tenant_id == tenant.id))
    }
    places = await load_places(session)
    for one in rights:
        if one.data_source not in sources:
            names = ", ".join(sorted(sources)) or "none"
            raise _wrong(
                "permissions.data_source",
                f"{tenant.slug} has no data source {one.data_source}; it has: {names}.",
            )
        if not places.holds(tenant.slug, one.data_source, one.database):
            raise _wrong(
                "permissions.database",
                f"The data source {one.data_source} does not show a database {one.database}.",
            )
        if one.insert and (tenant.slug, one.data_source) in places.external:
            raise _wrong(
                "permissions.insert",
                f"Data sources that a tenant connected are only read. {one.data_source} is one of them.",
            )
    for name in {one.data_source for one in rights}:
        await _check_columns(session, sources[name], [one for one in rights if one.data_source == name])


async def _check_columns(session: AsyncSession, source: DataSource, rights: Sequence[DataRight]) -> None:
    """Raise Invalid for a column that a table did not have when the schema of its source was read."""
    known = await session.execute(
        select(SourceColumn.table, SourceColumn.column)
        .where(SourceColumn.data_source_id == source.id)
        .where(SourceColumn.table.in_({one.table for one in rights}))
        .where(SourceColumn.schema.in_({one.database for one in rights}))
    )
    columns: dict[str, set[str]] = defaultdict(set)
    for table, column in known:
        columns[table].add(column)
    for one in rights:
        asked = parse(one.row_filter).columns.union(one.columns or ())
        if one.table in columns and (unknown := sorted(asked - columns[one.table])):
            raise _wrong(
                "permissions.columns",
                f"{one.database}.{one.table} has no column {unknown[0]}. Is it new? Read the schema of {source.name} again.",
            )


async def _checked(session: AsyncSession, tenant: Tenant, content: RoleContent) -> dict[str, int]:
    """The limits to store, once everything else was found possible."""
    if unknown := sorted((content.actions or frozenset()) - ACTIONS.keys()):
        raise _wrong("actions", f"There is no action {unknown[0]}; there are {', '.join(ACTIONS)}.")
    await check_rights(session, tenant, content.permissions)
    return checked_limits(content.limits)


def _rows(tenant: Tenant, actions: Iterable[str], rights: Iterable[DataRight]) -> list[Permission]:
    allowed = [
        Permission(tenant_id=tenant.id, resource=TENANT_RESOURCE, action=one, conditions={})
        for one in sorted(actions)
    ]
    return allowed + [
        Permission(tenant_id=tenant.id, resource=one.resource, action="select", conditions=one.conditions)
        for one in dict.fromkeys(rights)
    ]


def _key(one: Permission) -> tuple[str, str, str]:
    return one.resource, one.action, repr(sorted(one.conditions.items()))


def _wrong(field: str, message: str) -> Invalid:
    return Invalid(message, fields=[{"field": field, "message": message}])
