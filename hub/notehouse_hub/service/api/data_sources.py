"""Data sources of the caller's tenants: connected, tested, changed. A secret goes in and never comes out."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import BackgroundTasks
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy import Select, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from notehouse_core import errors
from notehouse_core.store import audit, source_schemas
from notehouse_core.store.models import Alert, DataSource, Permission, SavedQuery, Tenant
from notehouse_core.store.plan import CHANNEL, PREFIX
from notehouse_core.store.sources import hold_keys, seal
from notehouse_core.store.tenants import find_tenant
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.etags import VersionedDep
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.pagination import Page, PageDep, fetch_page
from notehouse_hub.service.resources import Resources, ResourcesDep, SessionDep, own_transaction
from notehouse_hub.sources.registry import types

router = ApiRouter(prefix="/data-sources", tags=["Data sources"])

MANAGE = "manage-sources"
NONE = "There is no such data source, or none that you may know of."
_RESERVED = ("ping", "query", "health", "metrics")  # words of the query gateway's addresses
Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_-]{0,62}$", examples=["crm"])]
Secrets = Annotated[dict[str, Annotated[str, Field(min_length=1, max_length=10_000)]], Field(max_length=10)]
_CONFIG = {
    "host": "db.example",
    "port": 5432,
    "database": "crm",
    "user": "notehouse",
    "sslmode": "verify-full",
}


class DataSourceRequest(Body):
    """A data source to connect; what `connection_config` and `secrets` hold depends on the type."""

    name: Name
    type: str = Field(examples=["postgresql"], max_length=50)
    tenant: str | None = None
    description: str = Field(default="", max_length=2000)
    connection_config: dict[str, Any] = Field(default_factory=dict, examples=[_CONFIG])
    secrets: Secrets = Field(default_factory=dict, examples=[{"password": "…"}])


class DataSourceChange(Body):
    """What to change; fields left out stay. With another `connection_config` the secrets must be given again."""

    description: str | None = Field(default=None, max_length=2000)
    connection_config: dict[str, Any] | None = None
    secrets: Secrets | None = Field(default=None, description="all of them; an empty object clears them")


class DataSourceOut(BaseModel):
    """A data source. `secrets` says which are set; `connection_config` is told to those who manage sources."""

    id: UUID
    tenant: str
    name: str
    type: str
    description: str
    is_external: bool
    database: str | None = Field(description="the database of SQL here that shows it")
    connection_config: dict[str, Any] | None
    secrets: dict[str, str]
    status: str
    status_message: str
    last_tested_at: datetime | None
    created_at: datetime
    updated_at: datetime


class TestOut(BaseModel):
    """What a test of a connection found."""

    success: bool
    message: str
    latency_ms: float
    version: str | None


@router.get("")
async def data_sources(caller: CallerDep, session: SessionDep, wanted: PageDep) -> Page[DataSourceOut]:
    """List the data sources of the caller's tenants."""
    found, total = await fetch_page(
        session,
        visible_to(caller),
        wanted,
        searched=(DataSource.name, DataSource.description),
        sorts={"name": DataSource.name, "type": DataSource.type, "status": DataSource.status},
    )
    return wanted.answer([out(one, caller) for one in found], total)


@router.post("", status_code=201)
async def create(
    body: DataSourceRequest,
    caller: CallerDep,
    session: SessionDep,
    resources: ResourcesDep,
    later: BackgroundTasks,
    versioned: VersionedDep,
) -> DataSourceOut:
    """Connect a source: it is tried at once, and `status` says how that went; nobody reads it before a role does."""
    _, slug = caller.person, caller.tenant(body.tenant)
    caller.require(MANAGE, slug)
    if body.name in _RESERVED:
        raise errors.Invalid(
            f"A data source cannot be called {body.name}: that word is part of our addresses."
        )
    async with own_transaction(resources, session) as own:
        await hold_keys(own)
        tenant = await find_tenant(own, slug)
        made = DataSource(tenant_id=tenant.id, name=body.name, type=body.type, description=body.description)
        _configure(made, body.connection_config, caller)
        own.add(made)
        try:
            await own.flush()
        except IntegrityError as error:
            raise errors.Conflict(
                f"{slug} has a data source {body.name!r} already. Choose another name."
            ) from error
        await _seal(own, made, body.secrets, resources)
    found = await one_of(session, caller, str(made.id))
    await _settle(session, found, resources, later)
    return versioned.tag(out(found, caller), found.updated_at)


@router.get("/{source_id}")
async def data_source(
    source_id: str, caller: CallerDep, session: SessionDep, versioned: VersionedDep
) -> DataSourceOut:
    """Show one, by its id or `tenant:name`."""
    found = await one_of(session, caller, source_id)
    return versioned.tag(out(found, caller), found.updated_at)


@router.put("/{source_id}")
async def change(
    source_id: str,
    body: DataSourceChange,
    caller: CallerDep,
    session: SessionDep,
    resources: ResourcesDep,
    later: BackgroundTasks,
    versioned: VersionedDep,
) -> DataSourceOut:
    """Change a source; a changed connection is tried at once."""
    async with own_transaction(resources, session) as own:
        await hold_keys(own)
        changed = await managed(own, caller, source_id, lock=True)
        versioned.check(out(changed, caller), changed.updated_at)
        changed.description = changed.description if body.description is None else body.description
        elsewhere = _reconfigure(changed, body, caller)
        if body.secrets is not None:
            await _seal(own, changed, body.secrets, resources)
            await audit.record(own, caller.person.username, "change-data-source-secrets", changed.name,
                {"id": changed.id, "set": changed.secret_fields}, tenant_id=changed.tenant_id)  # fmt: skip
    found = await one_of(session, caller, source_id)
    if body.secrets is not None or elsewhere:
        await _settle(session, found, resources, later)
    return versioned.tag(out(found, caller), found.updated_at)


@router.delete("/{source_id}", status_code=204)
async def remove(source_id: str, caller: CallerDep, session: SessionDep, resources: ResourcesDep) -> None:
    """Take a source away, and with it what roles read of it; not while an alert asks it."""
    found = await managed(session, caller, source_id, lock=True)
    if not found.is_external and not caller.administers:
        raise errors.Forbidden("This is a database of the platform itself. Ask the platform's administrator.")
    asking = (Alert.tenant_id == found.tenant_id) & (Alert.data_source == found.name)
    if names := (await session.scalars(select(Alert.name).where(asking, Alert.deleted_at.is_(None)))).all():
        raise errors.Conflict(f"Alerts ask this source: {', '.join(names[:5])}. Delete or change them first.")
    await _release(session, found)
    await resources.sources.detach(found)
    mine = Permission.resource.startswith(f"{PREFIX}{found.name}/", autoescape=True)
    for right in await session.scalars(
        select(Permission).where(Permission.tenant_id == found.tenant_id, mine)
    ):
        await session.delete(right)
    await session.delete(found)
    await session.flush()
    await session.execute(text(f"NOTIFY {CHANNEL}"))


async def _release(session: AsyncSession, source: DataSource) -> None:
    """Raise Conflict while a saved query asks the source; those that were deleted go with it."""
    asking = select(SavedQuery).where(SavedQuery.data_source_id == source.id)
    found = list(await session.scalars(asking))
    if living := [one.name for one in found if one.deleted_at is None]:
        raise errors.Conflict(f"Saved queries ask this source: {', '.join(living[:5])}. Delete them first.")
    for one in found:
        await session.delete(one)
    await session.flush()


@router.post("/{source_id}/test")
async def test(source_id: str, caller: CallerDep, session: SessionDep, resources: ResourcesDep) -> TestOut:
    """Try the connection for real: how long it took, which version answers, or what is wrong."""
    found = await managed(session, caller, source_id)
    return await _try(session, found, resources)


def visible_to(caller: Caller) -> Select[DataSource]:
    """The data sources of the caller's tenants; all of them for the platform admin."""
    query = select(DataSource).join(DataSource.tenant).options(selectinload(DataSource.tenant))
    if caller.actor.platform_admin:
        return query
    return query.where(Tenant.slug.in_(caller.actor.tenants))


async def one_of(session: AsyncSession, caller: Caller, reference: str, *, lock: bool = False) -> DataSource:
    """A source that the caller may know of, by its id or `tenant:name`. Raises NotFound."""
    query = visible_to(caller)
    slug, colon, name = reference.partition(":")
    if colon:
        query = query.where(Tenant.slug == slug, DataSource.name == name)
    elif re.fullmatch(r"[0-9a-fA-F-]{32,36}", reference) and (known := _uuid(reference)):
        query = query.where(DataSource.id == known)
    else:
        raise errors.NotFound(NONE)
    query = query.with_for_update(of=DataSource) if lock else query
    if (found := (await session.scalars(query)).one_or_none()) is None:
        raise errors.NotFound(NONE)
    return found


async def managed(session: AsyncSession, caller: Caller, reference: str, *, lock: bool = False) -> DataSource:
    """A source that a person may manage. Raises NotFound or Forbidden."""
    found = await one_of(session, caller, reference, lock=lock)
    _ = caller.person
    caller.require(MANAGE, found.tenant.slug)
    return found


def manages(caller: Caller, source: DataSource) -> bool:
    """Say whether the caller manages the sources of this one's tenant."""
    return caller.administers or MANAGE in caller.actor.actions_in(source.tenant.slug)


def out(one: DataSource, caller: Caller) -> DataSourceOut:
    """A loaded source as the API shows it to this caller."""
    told = manages(caller, one)
    kind = types.find(one.type) if one.is_external else None
    fields = kind.secrets if kind else one.secret_fields
    return DataSourceOut(
        id=one.id,
        tenant=one.tenant.slug,
        name=one.name,
        type=one.type,
        description=one.description,
        is_external=one.is_external,
        database=one.attached_as if one.is_external else str(one.connection_config.get("database", "")),
        connection_config=one.connection_config if told else None,
        secrets={name: "set" if name in one.secret_fields else "unset" for name in fields} if told else {},
        status=one.status,
        status_message=one.status_message if told else "",
        last_tested_at=one.last_tested_at,
        created_at=one.created_at,
        updated_at=one.updated_at,
    )


def _uuid(text_: str) -> UUID | None:
    try:
        return UUID(text_)
    except ValueError:
        return None


def _configure(source: DataSource, given: dict[str, Any], caller: Caller) -> None:
    """Take over a configuration that makes sense. One without a host is a database of the platform's own."""
    kind, ours = types.get(source.type), set(given) == {"database"}
    if source.connection_config and ours == source.is_external:
        raise errors.Invalid(
            "A source cannot move between the platform's own ClickHouse and another. Make a new one."
        )
    if ours:
        if not caller.administers:
            raise errors.Forbidden(
                "A source without a host is a database of the platform itself, which only the platform's administrator "
                "connects."
            )
        if not re.fullmatch(r"[A-Za-z_]\w{0,63}", str(given["database"])) or given["database"] == "system":
            raise errors.Invalid(
                "The database of the platform's ClickHouse has letters, digits and _ in its name."
            )
        source.connection_config, source.is_external = {"database": str(given["database"])}, False
        return
    try:
        config = kind.config.model_validate(given)
    except ValidationError as error:
        fields = [
            {"field": ".".join(map(str, ("connection_config", *one["loc"]))), "message": one["msg"]}
            for one in error.errors(include_input=False, include_url=False)
        ]
        said = "; ".join(f"{one['field']}: {one['message']}" for one in fields[:3])
        raise errors.Invalid(f"The connection does not make sense. {said}.", fields=fields) from error
    source.connection_config, source.is_external = config.model_dump(by_alias=True), True


def _reconfigure(source: DataSource, body: DataSourceChange, caller: Caller) -> bool:
    """Take over another configuration, and say whether it is one."""
    before = source.connection_config
    if body.connection_config is None:
        return False
    _configure(source, body.connection_config, caller)
    if source.connection_config != before and source.secret and body.secrets is None:
        raise errors.Invalid(
            "With another connection the secrets must be given again: they were not meant for that place.",
            fields=[{"field": "secrets", "message": "is missing"}],
        )
    return source.connection_config != before


async def _seal(
    session: AsyncSession, source: DataSource, secrets: dict[str, str], resources: Resources
) -> None:
    known = types.get(source.type).secrets if source.is_external else ()
    if unknown := set(secrets) - set(known):
        fields = [{"field": f"secrets.{name}", "message": "is not known"} for name in sorted(unknown)]
        raise errors.Invalid(
            f"This source has no such secret. Its secrets: {', '.join(known) or 'none'}.", fields=fields
        )
    if secrets or source.secret:
        await seal(session, source, resources.sources.keys, secrets)


async def _settle(
    session: AsyncSession, source: DataSource, resources: Resources, later: BackgroundTasks
) -> None:
    """Try a source that is new or was changed; one that answers has its tables read after this request."""
    tested = await _try(session, source, resources)
    await session.refresh(source, ["updated_at"])
    if tested.success:
        _, mine = await source_schemas.begin(session, source)
        if mine:
            later.add_task(resources.refresher.start, source.id)


async def _try(session: AsyncSession, source: DataSource, resources: Resources) -> TestOut:
    """Test a source, then write down how it is; one that answers gets its database in ClickHouse."""
    checked = await resources.sources.check(source)
    message = checked.message
    if checked.success and source.is_external and not await resources.sources.attach(source):
        message += " SQL here cannot ask it: this kind of connection cannot be shown in ClickHouse."
    source.status = "ready" if checked.success else "failing"
    source.status_message, source.last_tested_at = message, datetime.now(UTC)
    await session.flush()
    await session.execute(text(f"NOTIFY {CHANNEL}"))
    return TestOut(
        success=checked.success, message=message, latency_ms=checked.latency_ms, version=checked.version
    )
