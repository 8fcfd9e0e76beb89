"""What are tenants now? Read from the database, in the words of a file."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from notehouse_core.policy import ROLES
from notehouse_core.row_filter import ALL_ROWS
from notehouse_core.store.models import DataSource, Membership, Permission, Role, Tenant
from notehouse_core.store.people import TENANT_RESOURCE
from notehouse_core.store.plan import PREFIX
from notehouse_hub.tenant_files.document import MemberSpec, Right, RoleSpec, SourceSpec, TenantSpec

APPLIED = "applied_file"  # in a tenant's settings: what the file said when it was applied last


async def present_state(session: AsyncSession, slug: str) -> TenantSpec | None:
    """A tenant as it is, every section given; None where there is none."""
    tenant = await session.scalar(select(Tenant).where(Tenant.slug == slug))
    if tenant is None:
        return None
    return TenantSpec.model_construct(
        slug=slug,
        name=tenant.name,
        quotas=dict(tenant.settings.get("quotas") or {}),
        groups=dict(tenant.settings.get("groups") or {}),
        sources=await _sources(session, tenant),
        roles=await _roles(session, tenant),
        members=await _members(session, tenant),
    )


async def applied_state(session: AsyncSession, slug: str) -> TenantSpec | None:
    """What the file said when it was applied last; None where it never was."""
    settings = await session.scalar(select(Tenant.settings).where(Tenant.slug == slug))
    kept = (settings or {}).get(APPLIED)
    return TenantSpec.model_validate(kept) if kept else None


async def _sources(session: AsyncSession, tenant: Tenant) -> list[SourceSpec]:
    found = await session.scalars(select(DataSource).where(DataSource.tenant_id == tenant.id))
    return [
        SourceSpec.model_construct(
            name=one.name,
            type=one.type,
            description=one.description,
            connection=one.connection_config,
            secret=None,
        )
        for one in found
    ]


async def _roles(session: AsyncSession, tenant: Tenant) -> list[RoleSpec]:
    query = select(Role).where(Role.tenant_id == tenant.id).options(selectinload(Role.permissions))
    return [_role(one) for one in await session.scalars(query)]


def _role(one: Role) -> RoleSpec:
    """Whatever stands in the database is shown, also what no file may say."""
    actions = sorted(each.action for each in one.permissions if each.resource == TENANT_RESOURCE)
    return RoleSpec.model_construct(
        name=one.name,
        description=one.description,
        actions=None if one.name in ROLES else actions,
        reads=[_right(each) for each in one.permissions if each.resource.startswith(PREFIX)],
        limits=dict(one.limits),
    )


def _right(one: Permission) -> Right:
    source, _, table = one.resource.removeprefix(PREFIX).partition("/")
    columns: list[str] | None = one.conditions.get("columns")
    rows = str(one.conditions.get("row_filter") or ALL_ROWS)
    return Right.model_construct(source=source, table=table, columns=columns, rows=rows)


async def _members(session: AsyncSession, tenant: Tenant) -> list[MemberSpec]:
    """Those with a role that was given here; what a provider's groups give is its own."""
    local = (Membership.tenant_id == tenant.id, Membership.origin == "local")
    query = (
        select(Membership).where(*local).options(selectinload(Membership.user), selectinload(Membership.role))
    )
    roles: dict[str, list[Any]] = defaultdict(list)
    for one in await session.scalars(query):
        roles[one.user.username].append(one.role.name)
    return [MemberSpec.model_construct(user=name, roles=sorted(given)) for name, given in roles.items()]
