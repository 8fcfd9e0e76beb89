"""From roles and attributes in Postgres to the access plan: which classes there are, and who holds which."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.access import PLATFORM, AccessClass, AccessPlan, TableGrant, effective_limits, make_class
from notehouse_core.errors import Invalid, NotFound
from notehouse_core.row_filter import ALL_ROWS, parse
from notehouse_core.store.models import DataSource, Membership, Permission, Role, Tenant, User
from notehouse_core.store.sources import load_places, warehouse_database

CHANNEL = "notehouse_rights"
PREFIX = "data:"
USAGE_DATABASE = "notehouse"  # the platform admin reads it, nobody else

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _RoleRights:
    """What one role reads, and the limits it sets."""

    id: UUID | None
    permissions: tuple[tuple[str, dict[str, Any]], ...]
    limits: Mapping[str, int]


@dataclass
class _Member:
    """A person in a tenant, with the roles that read data."""

    attributes: Mapping[str, object]
    quotas: Mapping[str, int]
    roles: list[_RoleRights] = field(default_factory=list)


async def load_access_plan(session: AsyncSession, *, tenant: str | None = None) -> AccessPlan:
    """Every class that an active user of an active tenant (or just of `tenant`) holds, and the platform admin's own."""
    classes: dict[str, AccessClass] = {}
    members: dict[tuple[str, str], str] = {}
    writers: dict[tuple[str, str], str] = {}
    known: dict[object, AccessClass] = {}  # thousands of people have the same few sets of rights
    for (name, slug), member in (await _members(session, tenant=tenant)).items():
        rights = (json.dumps(member.attributes, sort_keys=True), *(one.id for one in member.roles))
        if rights not in known:
            known[rights] = _class_of(slug, member)
        made, reading = known[rights], known[rights].reading()
        classes[reading.id], members[name, slug] = reading, reading.id
        if made.writable:
            classes[made.id], writers[name, slug] = made, made.id
    if tenant in {None, PLATFORM}:
        await _add_platform(session, classes, members)
    return AccessPlan(classes, members, writers)


async def class_of(session: AsyncSession, username: str, tenant: str) -> AccessClass:
    """The class a user has in a tenant ("*": the platform admin's own). Raises NotFound for no data."""
    if tenant == PLATFORM:
        found = (await load_access_plan(session, tenant=PLATFORM)).class_of(username, tenant)
    else:
        member = (await _members(session, tenant=tenant, username=username)).get((username, tenant))
        found = _class_of(tenant, member).reading() if member else None
    if found is None:
        raise NotFound(f"{username} may read no data here. Ask an admin for a role that reads some.")
    return found


def preview_class(
    tenant: str, attributes: Mapping[str, object], permissions: Iterable[tuple[str, Mapping[str, Any]]]
) -> AccessClass:
    """The class that (resource, conditions) pairs would give to somebody with these attributes; nothing is stored."""
    rights = _RoleRights(
        None, tuple((resource, dict(conditions)) for resource, conditions in permissions), {}
    )
    return _class_of(tenant, _Member(attributes, {}, [rights]))


def _class_of(tenant: str, member: _Member) -> AccessClass:
    grants = [
        grant
        for role in member.roles
        for resource, conditions in role.permissions
        if (grant := _grant(resource, conditions, member.attributes))
    ]
    return make_class(tenant, grants, effective_limits(member.quotas, [role.limits for role in member.roles]))


async def _members(
    session: AsyncSession, *, tenant: str | None = None, username: str | None = None
) -> dict[tuple[str, str], _Member]:
    """Everybody (or just one) who may read something, by username and tenant."""
    query = (
        select(User.username, User.attributes, Tenant.slug, Tenant.settings, Membership.role_id)
        .join(User, Membership.user_id == User.id)
        .join(Tenant, Membership.tenant_id == Tenant.id)
        .where(User.is_active, Tenant.is_active)
        .order_by(Membership.role_id)
    )
    if tenant is not None:
        query = query.where(Tenant.slug == tenant)
    if username is not None:
        query = query.where(User.username == username)
    rows = (await session.execute(query)).all()
    roles = await _roles(session, {row.role_id for row in rows})
    found: dict[tuple[str, str], _Member] = {}
    for row in rows:
        if role := roles.get(row.role_id):
            quotas = row.settings.get("quotas") or {}
            member = found.setdefault((row.username, row.slug), _Member(row.attributes, quotas))
            member.roles.append(role)
    return found


async def _roles(session: AsyncSession, ids: set[UUID]) -> dict[UUID, _RoleRights]:
    """Those of the roles that read data, each with its rights on databases that belong to the source they name."""
    query = (
        select(Role.id, Role.limits, Tenant.slug, Permission.resource, Permission.conditions)
        .join(Permission, Permission.role_id == Role.id)
        .join(Tenant, Tenant.id == Role.tenant_id)
        .where(Role.id.in_(ids), Permission.action == "select", Permission.resource.startswith(PREFIX))
        .order_by(Permission.resource, Permission.id)
    )
    permissions: dict[UUID, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    limits: dict[UUID, dict[str, int]] = {}
    places = await load_places(session)
    for role_id, role_limits, tenant, resource, conditions in await session.execute(query):
        source, _, path = resource.removeprefix(PREFIX).partition("/")
        if places.holds(tenant, source, path.partition(".")[0]):
            # A source of somebody's own is only read.
            only_read = {"insert": False} if (tenant, source) in places.external else {}
            permissions[role_id].append((resource, {**conditions, **only_read}))
            limits[role_id] = role_limits
    return {
        role_id: _RoleRights(role_id, tuple(found), limits[role_id]) for role_id, found in permissions.items()
    }


def _grant(
    resource: str, conditions: Mapping[str, Any], attributes: Mapping[str, object]
) -> TableGrant | None:
    """The grant of one permission; None where its filter cannot be filled in or read: no value, no rows."""
    source, _, path = resource.removeprefix(PREFIX).partition("/")
    database, _, table = path.partition(".")
    columns = conditions.get("columns")
    try:
        row_filter = parse(str(conditions.get("row_filter") or ALL_ROWS)).sql(attributes)
    except KeyError:
        return None
    except Invalid as error:
        log.error("a right on %s is left out: %s", resource, error)
        return None
    insert = conditions.get("insert") is True
    return TableGrant(
        source, database, table, tuple(sorted(columns)) if columns else None, row_filter, insert
    )


async def _add_platform(
    session: AsyncSession, classes: dict[str, AccessClass], members: dict[tuple[str, str], str]
) -> None:
    admins = (await session.scalars(select(User.username).where(User.is_admin, User.is_active))).all()
    if admins and (platform := await _platform_class(session)):
        classes[platform.id] = platform
        members.update({(name, PLATFORM): platform.id for name in admins})


async def _platform_class(session: AsyncSession) -> AccessClass | None:
    """All rows of the database of every source; those of other kinds are attached to ClickHouse."""
    grants = {
        TableGrant(source.name, database, "*", None, ALL_ROWS)
        for source in await session.scalars(select(DataSource))
        if (database := warehouse_database(source))
    }
    grants |= {TableGrant(one.source, USAGE_DATABASE, "*", None, ALL_ROWS) for one in grants}
    return make_class(PLATFORM, grants) if grants else None
