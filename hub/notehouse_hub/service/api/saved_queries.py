"""Saved queries: SQL under a name, with typed parameters, run with the rights of whoever runs it."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors
from notehouse_core.query_parameters import QueryParameter, declared, filled, places_of, typed
from notehouse_core.store import saved_queries as store
from notehouse_core.store.models import DataSource, SavedQuery, Tenant
from notehouse_core.store.tenants import find_tenant
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.queries import ROWS, QueryRequest, QueryResult
from notehouse_hub.service.api.queries import run as run_query
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.etags import VersionedDep
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.pagination import Page, PageDep, fetch_page
from notehouse_hub.service.resources import ResourcesDep, SessionDep

router = ApiRouter(prefix="/saved-queries", tags=["Saved queries"])

_NONE = "There is no such saved query, or none that you may know of."
_EXAMPLE = "SELECT dest, count() AS flights FROM flights WHERE origin = {origin:String} GROUP BY dest"
Tags = Annotated[list[Annotated[str, Field(min_length=1, max_length=40)]], Field(max_length=20)]


class Parameter(Body):
    """A place {name:Type} or {{name}} of the SQL, and its value where none is given."""

    name: str = Field(pattern=r"^[A-Za-z_]\w{0,62}$", examples=["origin"])
    type: str = Field(min_length=1, max_length=200, examples=["String"])
    default: Any = Field(default=None, examples=["JFK"])


class SavedQueryChange(Body):
    """What may be changed; fields left out stay."""

    name: str | None = Field(default=None, min_length=1, max_length=200)
    description: str | None = Field(default=None, max_length=2000)
    sql: str | None = Field(default=None, min_length=1, max_length=1_000_000)
    parameters: list[Parameter] | None = Field(default=None, max_length=50)
    tags: Tags | None = None
    is_public: bool | None = None


class SavedQueryRequest(Body):
    """A query to save; a {name:Type} of the SQL that is not among the parameters becomes one."""

    name: str = Field(min_length=1, max_length=200, examples=["Flights by destination"])
    sql: str = Field(min_length=1, max_length=1_000_000, examples=[_EXAMPLE])
    data_source: str = Field(default="warehouse", max_length=100)
    tenant: str | None = None
    description: str = Field(default="", max_length=2000)
    parameters: list[Parameter] = Field(default_factory=list, max_length=50)
    tags: Tags = Field(default_factory=list)
    is_public: bool = False


class SavedQueryOut(BaseModel):
    """A saved query."""

    id: UUID
    tenant: str
    name: str
    description: str
    sql: str
    data_source: str
    parameters: list[Parameter]
    tags: list[str]
    owner: str
    is_public: bool
    may_edit: bool
    created_at: datetime
    updated_at: datetime


class RunRequest(Body):
    """Values of parameters; those left out have their default."""

    parameters: dict[str, Any] = Field(default_factory=dict, examples=[{"origin": "EWR"}])
    format: Literal["json", "csv", "arrow", "parquet"] = "json"
    limit: int = Field(default=10_000, ge=1, le=100_000)


@router.get("")
async def saved_queries(
    caller: CallerDep,
    session: SessionDep,
    wanted: PageDep,
    tag: Annotated[str | None, Query(max_length=40)] = None,
) -> Page[SavedQueryOut]:
    """List the saved queries that the caller may read."""
    query = store.visible_to(caller.actor)
    if tag is not None:
        query = query.where(SavedQuery.tags.contains([tag]))
    found, total = await fetch_page(
        session,
        query,
        wanted,
        searched=(
            SavedQuery.name,
            SavedQuery.description,
            SavedQuery.sql,
            func.array_to_string(SavedQuery.tags, " "),
        ),
        sorts={
            "name": SavedQuery.name,
            "updated_at": SavedQuery.updated_at,
            "created_at": SavedQuery.created_at,
        },
    )
    return wanted.answer([out(one, caller) for one in found], total)


@router.post("", status_code=201)
async def create(
    body: SavedQueryRequest, caller: CallerDep, session: SessionDep, versioned: VersionedDep
) -> SavedQueryOut:
    """Save a query; it runs nothing."""
    person, slug = caller.person, caller.tenant(body.tenant)
    caller.require("run-sql", slug)
    tenant = await find_tenant(session, slug)
    source = await _source(session, tenant, body.data_source)
    content = body.model_dump(exclude={"tenant", "data_source", "parameters"})
    made = SavedQuery(tenant_id=tenant.id, owner_id=person.id, data_source_id=source.id, **content)
    made.parameters = _stored(body.sql, body.parameters)
    session.add(made)
    await _flush(session, body.name, slug)
    return versioned.tag(out(await visible(session, caller, made.id), caller))


@router.get("/{query_id}")
async def saved_query(
    query_id: UUID, caller: CallerDep, session: SessionDep, versioned: VersionedDep
) -> SavedQueryOut:
    """Show one."""
    return versioned.tag(out(await visible(session, caller, query_id), caller))


@router.put("/{query_id}")
async def change(
    query_id: UUID, body: SavedQueryChange, caller: CallerDep, session: SessionDep, versioned: VersionedDep
) -> SavedQueryOut:
    """Change one, as its owner or an admin; with If-Match only if nobody else has since."""
    found = await _mine(session, caller, query_id)
    versioned.check(out(found, caller))
    for name, value in body.model_dump(exclude_none=True, exclude={"parameters"}).items():
        setattr(found, name, value)
    if body.sql is not None or body.parameters is not None:
        found.parameters = _stored(found.sql, _kept(found) if body.parameters is None else body.parameters)
    await _flush(session, found.name, found.tenant.slug)
    await session.refresh(found, ["updated_at"])
    return versioned.tag(out(found, caller))


@router.delete("/{query_id}", status_code=204)
async def delete(query_id: UUID, caller: CallerDep, session: SessionDep) -> None:
    """Take one away, as its owner or an admin; it is kept for the history."""
    found = await _mine(session, caller, query_id)
    found.deleted_at = await session.scalar(func.now().select())


@router.post("/{query_id}/run", response_model=QueryResult, responses=ROWS)
async def run(
    query_id: UUID, body: RunRequest, caller: CallerDep, session: SessionDep, resources: ResourcesDep
) -> Any:
    """Run one with the caller's own rights; rows in JSON, or a file by `format`."""
    found = await visible(session, caller, query_id)
    return await run_query(_request(found, body), caller, session, resources)


async def visible(session: AsyncSession, caller: Caller, query_id: UUID) -> SavedQuery:
    """A saved query that the caller may read. Raises NotFound."""
    found = await store.find(session, caller.actor, query_id)
    if found is None:
        raise errors.NotFound(_NONE)
    return found


def _stored(sql: str, given: list[Parameter]) -> list[Any]:
    """The parameters as they are kept: all that the SQL names. Raises Invalid for what does not fit."""
    return [asdict(one) for one in declared(sql, [QueryParameter(**one.model_dump()) for one in given])]


def _kept(one: SavedQuery) -> list[Parameter]:
    """What was said of parameters that the SQL still uses in the same way."""
    places, known = places_of(one.sql), [Parameter.model_validate(each) for each in one.parameters]
    return [each for each in known if places.get(each.name) in {"", each.type}]


async def _mine(session: AsyncSession, caller: Caller, query_id: UUID) -> SavedQuery:
    """A saved query that the caller may change. Raises NotFound or Forbidden."""
    found = await store.find(session, caller.actor, query_id, lock=True)
    if found is None:
        raise errors.NotFound(_NONE)
    _ = caller.person
    if not (decided := store.decision(caller.actor, "edit", found)):
        raise errors.Forbidden(decided.reason)
    return found


async def _source(session: AsyncSession, tenant: Tenant, name: str) -> DataSource:
    found = await session.scalar(
        select(DataSource).where(DataSource.tenant_id == tenant.id, DataSource.name == name)
    )
    if found is None:
        raise errors.NotFound(f"{tenant.slug} has no data source {name}.")
    return found


async def _flush(session: AsyncSession, name: str, slug: str) -> None:
    try:
        await session.flush()
    except IntegrityError as error:
        raise errors.Conflict(f"{slug} has a saved query {name!r} already. Choose another name.") from error


def _request(one: SavedQuery, body: RunRequest) -> QueryRequest:
    """What to ask: each parameter's value, or its default. Raises Invalid for one that is unknown or missing."""
    parameters = [QueryParameter(**each) for each in one.parameters]
    return QueryRequest(
        sql=typed(one.sql, parameters),
        data_source=one.data_source.name,
        tenant=one.tenant.slug,
        parameters=filled(parameters, body.parameters),
        format=body.format,
        limit=body.limit,
    )


def out(one: SavedQuery, caller: Caller) -> SavedQueryOut:
    """A loaded saved query as the API shows it."""
    return SavedQueryOut(
        id=one.id,
        tenant=one.tenant.slug,
        name=one.name,
        description=one.description,
        sql=one.sql,
        data_source=one.data_source.name,
        parameters=[Parameter.model_validate(each) for each in one.parameters],
        tags=one.tags,
        owner=one.owner.username,
        is_public=one.is_public,
        may_edit=bool(store.decision(caller.actor, "edit", one)) and caller.user is not None,
        created_at=one.created_at,
        updated_at=one.updated_at,
    )
