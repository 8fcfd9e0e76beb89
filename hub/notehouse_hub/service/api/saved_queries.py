"""Saved queries: SQL under a name, with typed parameters, run with the rights of whoever runs it."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field, model_validator
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors
from notehouse_core.store import saved_queries as store
from notehouse_core.store.models import DataSource, SavedQuery, Tenant
from notehouse_core.store.tenants import find_tenant
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.queries import QueryRequest, QueryResult
from notehouse_hub.service.api.queries import run as run_query
from notehouse_hub.service.etags import VersionedDep
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.pagination import Page, PageDep, fetch_page
from notehouse_hub.service.resources import ResourcesDep, SessionDep

router = APIRouter(prefix="/saved-queries", tags=["Saved queries"])

_NONE = "There is no such saved query, or none that you may know of."
_PLACE = re.compile(r"\{\s*([A-Za-z_]\w*)\s*:")
_EXAMPLE = "SELECT dest, count() AS flights FROM flights WHERE origin = {origin:String} GROUP BY dest"
Tags = Annotated[list[Annotated[str, Field(min_length=1, max_length=40)]], Field(max_length=20)]


class Parameter(Body):
    """A typed place {name:Type} of the SQL, and its value where none is given."""

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
    """A query to save."""

    name: str = Field(min_length=1, max_length=200, examples=["Flights by destination"])
    sql: str = Field(min_length=1, max_length=1_000_000, examples=[_EXAMPLE])
    data_source: str = Field(default="warehouse", max_length=100)
    tenant: str | None = None
    description: str = Field(default="", max_length=2000)
    parameters: list[Parameter] = Field(default_factory=list, max_length=50)
    tags: Tags = Field(default_factory=list)
    is_public: bool = False

    @model_validator(mode="after")
    def _places_are_there(self) -> "SavedQueryRequest":
        check_places(self.sql, self.parameters)
        return self


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
async def saved_queries(caller: CallerDep, session: SessionDep, wanted: PageDep) -> Page[SavedQueryOut]:
    """List the saved queries that the caller may read."""
    found, total = await fetch_page(
        session,
        store.visible_to(caller.actor),
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
    content = body.model_dump(exclude={"tenant", "data_source"})
    made = SavedQuery(tenant_id=tenant.id, owner_id=person.id, data_source_id=source.id, **content)
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
    for name, value in body.model_dump(exclude_none=True).items():
        setattr(found, name, value)
    try:
        check_places(found.sql, [Parameter.model_validate(one) for one in found.parameters])
    except ValueError as error:
        raise errors.Invalid(str(error), fields=[{"field": "parameters", "message": str(error)}]) from error
    await _flush(session, found.name, found.tenant.slug)
    await session.refresh(found, ["updated_at"])
    return versioned.tag(out(found, caller))


@router.delete("/{query_id}", status_code=204)
async def delete(query_id: UUID, caller: CallerDep, session: SessionDep) -> None:
    """Take one away, as its owner or an admin; it is kept for the history."""
    found = await _mine(session, caller, query_id)
    found.deleted_at = await session.scalar(func.now().select())


@router.post("/{query_id}/run", response_model=QueryResult)
async def run(
    query_id: UUID, body: RunRequest, caller: CallerDep, session: SessionDep, resources: ResourcesDep
) -> Any:
    """Run one with the caller's own rights; rows in JSON, or a file by `format`."""
    found = await visible(session, caller, query_id)
    return await run_query(_request(found, body), caller, resources)


async def visible(session: AsyncSession, caller: Caller, query_id: UUID) -> SavedQuery:
    """A saved query that the caller may read. Raises NotFound."""
    found = await store.find(session, caller.actor, query_id)
    if found is None:
        raise errors.NotFound(_NONE)
    return found


def check_places(sql: str, parameters: list[Parameter]) -> None:
    """Raise ValueError unless each parameter has its place in the SQL, and each place its parameter."""
    places, named = set(_PLACE.findall(sql)), [one.name for one in parameters]
    if len(set(named)) < len(named):
        raise ValueError("a parameter stands there twice")
    if missing := sorted(places - set(named)):
        raise ValueError(f"the SQL asks for {missing[0]}, which is none of the parameters")
    if unused := sorted(set(named) - places):
        raise ValueError(f"the parameter {unused[0]} has no place {{{unused[0]}:Type}} in the SQL")


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
    """What to ask: each parameter's value, or its default. Raises Invalid for one that is neither known nor given."""
    known = {each["name"]: each.get("default") for each in one.parameters}
    if unknown := sorted(body.parameters.keys() - known.keys()):
        raise errors.Invalid(f"This query has no parameter {unknown[0]}.", fields=_field(unknown[0]))
    values = {**known, **body.parameters}
    if missing := sorted(name for name, value in values.items() if value is None):
        raise errors.Invalid(
            f"The parameter {missing[0]} has no default: give it a value.", fields=_field(missing[0])
        )
    return QueryRequest(
        sql=one.sql,
        data_source=one.data_source.name,
        tenant=one.tenant.slug,
        parameters=values,
        format=body.format,
        limit=body.limit,
    )


def _field(name: str) -> list[dict[str, str]]:
    return [{"field": f"parameters.{name}", "message": "is not possible"}]


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
