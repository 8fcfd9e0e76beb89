"""Roles of a tenant: what they allow and which rows they read; nobody makes one with more than they have."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors, policy
from notehouse_core.data_rights import DataRight, not_held
from notehouse_core.store import members
from notehouse_core.store import roles as store
from notehouse_core.store.models import DataSource, Membership, Role, Tenant
from notehouse_core.store.plan import preview_class
from notehouse_core.store.sources import warehouse_database
from notehouse_core.store.tenants import lock_tenant
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.api.tenants import Slug, tenant_of
from notehouse_hub.service.auditing import AuditDep
from notehouse_hub.service.etags import VersionedDep
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.pagination import Page, PageDep, fetch_page
from notehouse_hub.service.resources import ResourcesDep, SessionDep
from notehouse_hub.service.warehouse_tables import check_tables, rows_left

router = ApiRouter(prefix="/tenants/{slug}/roles", tags=["Roles"])

MANAGE = "manage-roles"
Name = Annotated[str, Path(max_length=63)]


class DataPermission(Body):
    """Rows and columns of a table that a role reads; no columns named: all of them."""

    data_source: str = Field(min_length=1, max_length=100)
    database: str = Field(min_length=1, max_length=206)
    table: str = Field(min_length=1, max_length=206)
    columns: list[str] | None = Field(default=None, min_length=1, max_length=1000)
    row_filter: str = Field(default="1", min_length=1, max_length=4000, description="1 stands for every row")
    insert: bool = Field(default=False, description="may add rows; only where it reads every row and column")

    def right(self) -> DataRight:
        """Return it as the policy knows it."""
        columns = tuple(self.columns) if self.columns is not None else None
        return DataRight(self.data_source, self.database, self.table, columns, self.row_filter, self.insert)


class RoleChange(Body):
    """What a role is, whole; `actions` left out stay as they are, those of built-in roles always do."""

    description: str = Field(default="", max_length=500)
    actions: list[str] | None = Field(default=None, max_length=50)
    permissions: list[DataPermission] = Field(default_factory=list, max_length=500)
    limits: dict[str, int] = Field(default_factory=dict, description="each lowers a limit of the tenant")

    def content(self) -> store.RoleContent:
        """Return it as the store takes it."""
        return store.RoleContent(
            description=self.description,
            actions=None if self.actions is None else frozenset(self.actions),
            permissions=tuple(one.right() for one in self.permissions),
            limits=self.limits,
        )


class NewRole(RoleChange):
    """A role to make."""

    name: str = Field(max_length=63)


class RoleOut(BaseModel):
    """A role, and how many people have it."""

    name: str
    description: str
    is_builtin: bool
    actions: list[str]
    permissions: list[DataPermission]
    limits: dict[str, int]
    members: int


class RolePreviewRequest(Body):
    """Rights that a role might give, and somebody of the tenant whose attributes fill the filters."""

    permissions: list[DataPermission] = Field(min_length=1, max_length=50)
    user: str | None = Field(default=None, max_length=64, description="oneself when left out")


class TablePreview(BaseModel):
    """What the person would read of a table: the filter as it is filled in, and how many rows it leaves."""

    data_source: str
    database: str
    table: str
    columns: list[str] | None
    row_filter: str
    rows: int


class Preview(BaseModel):
    """What the rights would give; a table is missing where the person lacks an attribute: no value, no rows."""

    user: str
    tables: list[TablePreview]
    missing: list[str]


@router.get("")
async def roles(slug: Slug, caller: CallerDep, session: SessionDep, wanted: PageDep) -> Page[RoleOut]:
    """List the roles of a tenant for those who manage roles or members."""
    tenant = await tenant_of(session, caller, slug)
    _check_reads(caller, slug)
    found, total = await fetch_page(
        session,
        store.of_tenant(tenant),
        wanted,
        searched=(Role.name, Role.description),
        sorts={"name": Role.name, "created_at": Role.created_at},
    )
    counted = await _members(session, tenant)
    return wanted.answer([_out(one, counted.get(one.name, 0)) for one in found], total)


@router.post("", status_code=201)
async def create(
    slug: Slug,
    body: NewRole,
    caller: CallerDep,
    session: SessionDep,
    resources: ResourcesDep,
    versioned: VersionedDep,
) -> RoleOut:
    """Make a role."""
    tenant = await _managed(session, caller, slug)
    content = body.content()
    await _check_gives(session, caller, tenant, content)
    await _check_exists(session, resources, tenant, content)
    return versioned.tag(_out(await store.create(session, tenant, body.name, content), 0))


@router.post("/preview")
async def preview(
    slug: Slug,
    body: RolePreviewRequest,
    caller: CallerDep,
    session: SessionDep,
    resources: ResourcesDep,
    audit: AuditDep,
) -> Preview:
    """Say which filters somebody would get by these rights, and how many rows; nothing is given by it."""
    tenant = await _managed(session, caller, slug)
    wanted = [one.right() for one in body.permissions]
    content = store.RoleContent(permissions=tuple(wanted))
    await _check_gives(session, caller, tenant, content)
    await _check_exists(session, resources, tenant, content)
    name = body.user or caller.actor.name
    attributes = caller.actor.attributes if body.user is None else await _attributes(session, tenant, name)
    given = preview_class(slug, attributes, [(one.resource, one.conditions) for one in wanted])
    await audit(
        caller.actor.name,
        "preview-role",
        name,
        tenant_id=tenant.id,
        filters=[str(one) for one in given.grants],
    )
    counts = await rows_left(resources.clickhouse, given.grants)
    tables = [
        TablePreview(
            data_source=one.source,
            database=one.database,
            table=one.table,
            columns=list(one.columns) if one.columns is not None else None,
            row_filter=one.row_filter,
            rows=count,
        )
        for one, count in zip(given.grants, counts, strict=True)
    ]
    there = {f"{one.data_source}/{one.database}.{one.table}" for one in tables}
    asked = (one.resource.partition(":")[2] for one in wanted)
    return Preview(user=name, tables=tables, missing=sorted(set(asked) - there))


@router.get("/{role_name}")
async def role(
    slug: Slug, role_name: Name, caller: CallerDep, session: SessionDep, versioned: VersionedDep
) -> RoleOut:
    """Show one role."""
    return versioned.tag(await shown(session, caller, await tenant_of(session, caller, slug), role_name))


@router.put("/{role_name}")
async def replace(
    slug: Slug,
    role_name: Name,
    body: RoleChange,
    caller: CallerDep,
    session: SessionDep,
    resources: ResourcesDep,
    versioned: VersionedDep,
) -> RoleOut:
    """Say anew what a role is; rights that are taken away end within a second, those given come within five."""
    tenant = await _managed(session, caller, slug, lock=True)
    found = await store.find(session, tenant, role_name)
    members_now = (await _members(session, tenant)).get(role_name, 0)
    versioned.check(_out(found, members_now))
    content = body.content()
    await _check_gives(session, caller, tenant, content, found)
    await _check_exists(session, resources, tenant, content)
    return versioned.tag(_out(await store.replace(session, tenant, found, content), members_now))


@router.delete("/{role_name}", status_code=204)
async def delete(slug: Slug, role_name: Name, caller: CallerDep, session: SessionDep) -> None:
    """Take a role away, from all who have it."""
    tenant = await _managed(session, caller, slug)
    found = await store.find(session, tenant, role_name)
    await _check_gives(session, caller, tenant, store.RoleContent(actions=store.actions_of(found)))
    await store.delete(session, tenant, found)


async def shown(session: AsyncSession, caller: Caller, tenant: Tenant, role_name: str) -> RoleOut:
    """A role as those who manage roles or members see it."""
    _check_reads(caller, tenant.slug)
    found = await store.find(session, tenant, role_name)
    return _out(found, (await _members(session, tenant)).get(role_name, 0))


def _check_reads(caller: Caller, slug: str) -> None:
    if not policy.decide(caller.actor, "manage-members", policy.Resource(slug)):
        caller.require(MANAGE, slug)


async def _managed(session: AsyncSession, caller: Caller, slug: str, *, lock: bool = False) -> Tenant:
    tenant = await tenant_of(session, caller, slug)
    _ = caller.person
    caller.require(MANAGE, slug)
    if lock:
        await lock_tenant(session, tenant)
    return tenant


async def _check_gives(
    session: AsyncSession,
    caller: Caller,
    tenant: Tenant,
    content: store.RoleContent,
    role: Role | None = None,
) -> None:
    """Raise Forbidden for what the caller does not have and the role did not have before."""
    if caller.administers:
        return
    added = (content.actions or frozenset()) - (store.actions_of(role) if role else frozenset())
    if not (decided := policy.may_give(caller.actor, added, tenant.slug, by=MANAGE)):
        raise errors.Forbidden(decided.reason)
    known = set(store.rights_of(role) if role else [])
    own = await _own_sources(session, caller, tenant)
    given = [one for one in content.permissions if one not in known and one.data_source not in own]
    if refused := not_held(given, _held(caller, tenant), caller.actor.attributes):
        raise errors.Forbidden(_more_than_held(refused, _held(caller, tenant)))


async def _check_exists(
    session: AsyncSession, resources: ResourcesDep, tenant: Tenant, content: store.RoleContent
) -> None:
    """Raise Invalid for tables and columns that are known not to be there."""
    await store.check_rights(session, tenant, content.permissions)
    for source in await session.scalars(select(DataSource).where(DataSource.tenant_id == tenant.id)):
        here = [one for one in content.permissions if one.data_source == source.name]
        await check_tables(resources.clickhouse, here, warehouse_database(source))


async def _own_sources(session: AsyncSession, caller: Caller, tenant: Tenant) -> set[str]:
    """Sources that a tenant connected itself: who may connect them may say who reads what of them."""
    if "manage-sources" not in caller.actor.actions_in(tenant.slug):
        return set()
    own = select(DataSource.name).where(DataSource.tenant_id == tenant.id, DataSource.is_external)
    return set(await session.scalars(own))


def _held(caller: Caller, tenant: Tenant) -> list[DataRight]:
    mine = [one.role for one in caller.person.memberships if one.tenant_id == tenant.id]
    return [right for role in mine for right in store.rights_of(role)]


def _more_than_held(refused: DataRight, held: Sequence[DataRight]) -> str:
    same = [one for one in held if one.resource == refused.resource]
    table = f"{refused.data_source}/{refused.database}.{refused.table}"
    if same and refused.insert and not any(one.insert for one in same):
        return f"You do not write to {table} yourself. Ask an administrator of the platform for this right."
    if not same:
        return f"You do not read {table} yourself. Ask an administrator of the platform for this right."
    rows = " or ".join(one.row_filter for one in same)
    columns = same[0].columns
    shown = f" and of the columns {', '.join(columns)}" if columns else ""
    return (
        f"You read {table} for the rows {rows}{shown}, and can give no more than that: join the filter by "
        f"AND to yours, and name columns that you read. An administrator of the platform can give more."
    )


async def _attributes(session: AsyncSession, tenant: Tenant, username: str) -> dict[str, object]:
    return dict((await members.find(session, tenant, username)).attributes)


async def _members(session: AsyncSession, tenant: Tenant) -> dict[str, int]:
    query = (
        select(Role.name, func.count(Membership.id))
        .join(Membership, Membership.role_id == Role.id)
        .where(Role.tenant_id == tenant.id)
        .group_by(Role.name)
    )
    return dict(row._tuple() for row in await session.execute(query))


def _out(one: Role, members_count: int) -> RoleOut:
    return RoleOut(
        name=one.name,
        description=one.description,
        is_builtin=one.is_builtin,
        actions=sorted(store.actions_of(one)),
        permissions=[
            DataPermission(
                data_source=each.data_source,
                database=each.database,
                table=each.table,
                columns=list(each.columns) if each.columns is not None else None,
                row_filter=each.row_filter,
                insert=each.insert,
            )
            for each in store.rights_of(one)
        ],
        limits=one.limits,
        members=members_count,
    )
