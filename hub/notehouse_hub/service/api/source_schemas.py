"""What is in a data source: tables and columns from the cache, read anew on demand, and the first rows of a table."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Annotated, Literal

from fastapi import BackgroundTasks, Path, Query
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors
from notehouse_core.access import AccessClass, TableGrant
from notehouse_core.row_filter import ALL_ROWS
from notehouse_core.store import source_schemas
from notehouse_core.store.models import DataSource, SchemaRefresh, SourceColumn
from notehouse_core.store.plan import class_of, load_access_plan
from notehouse_core.store.sources import warehouse_database
from notehouse_hub.service.api import queries
from notehouse_hub.service.api.data_sources import managed, manages, one_of
from notehouse_hub.service.api.queries import QueryRequest, QueryResult
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.resources import Resources, ResourcesDep, SessionDep

router = ApiRouter(prefix="/data-sources", tags=["Data sources"])

_FRESH = 60.0  # seconds for which the tables of the platform's own ClickHouse are not read again


class ColumnOut(BaseModel):
    """A column."""

    name: str
    type: str
    comment: str
    nullable: bool
    default: str | None


class TableOut(BaseModel):
    """A table; `reference` is how SQL names it. Rows and bytes are told to those who may read all of it."""

    schema_: str = Field(alias="schema")
    table: str
    reference: str
    comment: str
    rows: int | None
    bytes: int | None
    columns: list[ColumnOut]


class Schema(BaseModel):
    """The tables that the caller may read, with their columns in order, and when they were read."""

    items: list[TableOut]
    refreshed_at: datetime | None


class RefreshOut(BaseModel):
    """How far the reading of a source's tables is."""

    state: Literal["none", "running", "ready", "failed"]
    tables_done: int
    tables_total: int | None
    error: str | None
    started_at: datetime | None
    ended_at: datetime | None


@router.get("/{source_id}/schema")
async def schema(
    source_id: str,
    caller: CallerDep,
    session: SessionDep,
    resources: ResourcesDep,
    all: Annotated[bool, Query(description="every table, for those who manage sources")] = False,
) -> Schema:
    """List tables and columns as the caller's own class may read them."""
    source = await one_of(session, caller, source_id)
    if all and not manages(caller, source):
        caller.require("manage-sources", source.tenant.slug)
    if all:  # how many rows a table of the house has says something about those of other tenants
        seen = Seen(source, all=True, counts=source.is_external or caller.administers)
    else:
        seen = Seen.of(source, await _class(source, caller, session, resources))
    refresh = await _up_to_date(source, session, resources)
    columns = await source_schemas.columns_of(session, source)
    tables = groupby(columns, key=lambda one: (one.schema, one.table))
    items = [found for _, group in tables if (found := seen.table(list(group)))]
    items.sort(key=lambda one: (one.reference.count("."), one.schema_, one.table))
    return Schema(items=items, refreshed_at=refresh.ended_at if refresh else None)


@router.get("/{source_id}/schema/refresh")
async def refresh_progress(source_id: str, caller: CallerDep, session: SessionDep) -> RefreshOut:
    """Say how far the reading of the tables is."""
    return _progress(await source_schemas.refresh_of(session, await one_of(session, caller, source_id)))


@router.post("/{source_id}/schema/refresh", status_code=202)
async def refresh(
    source_id: str, caller: CallerDep, session: SessionDep, resources: ResourcesDep, later: BackgroundTasks
) -> RefreshOut:
    """Read the tables anew; follow it by GET at the same address. One reading at a time: a second request joins it."""
    source = await managed(session, caller, source_id)
    found, mine = await source_schemas.begin(session, source)
    if mine:
        later.add_task(resources.refresher.start, source.id)
    return _progress(found)


@router.get("/{source_id}/tables/{table}/preview")
async def preview(
    source_id: str,
    table: Annotated[str, Path(max_length=300)],
    caller: CallerDep,
    session: SessionDep,
    resources: ResourcesDep,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> QueryResult:
    """Show the first rows of a table (`table` or `schema.table`), with the caller's own rights."""
    source = await one_of(session, caller, source_id)
    seen = Seen.of(source, await _class(source, caller, session, resources))
    columns = await source_schemas.columns_of(session, source)
    for (schema_, name), group in groupby(columns, key=lambda one: (one.schema, one.table)):
        if table in {name, f"{schema_}.{name}"} and (found := seen.table(list(group))):
            names = ", ".join(_quoted(one.name) for one in found.columns)
            asked = QueryRequest(
                sql=f"SELECT {names} FROM {found.reference} LIMIT {limit}",  # noqa: S608 - names, quoted
                data_source=source.name,
                tenant=source.tenant.slug,
                limit=limit,
            )
            shown: QueryResult = await queries.run(asked, caller, session, resources)
            return shown
    raise errors.NotFound("There is no such table in this source, or none that you may read.")


@dataclass(frozen=True)
class Seen:
    """What somebody sees of a source: its grants by database and table, or everything."""

    source: DataSource
    grants: dict[tuple[str, str], TableGrant] = field(default_factory=dict)
    all: bool = False
    counts: bool = False

    @classmethod
    def of(cls, source: DataSource, found: AccessClass) -> "Seen":
        """What a class sees."""
        mine = (one for one in found.grants if one.source == source.name)
        return cls(source, {(one.database, one.table): one for one in mine})

    def table(self, columns: list[SourceColumn]) -> TableOut | None:
        """A table with the columns that are seen, None if it is not seen at all."""
        first = columns[0]
        default = warehouse_database(self.source)
        database = default if self.source.is_external else first.schema
        grant = self.grants.get((database, first.table)) or self.grants.get((database, "*"))
        if grant is None and not self.all:
            return None
        names = None if self.all or grant is None else grant.columns
        counted = self.counts or (grant is not None and grant.row_filter == ALL_ROWS and names is None)
        path = [first.table] if database == default else [database, first.table]
        return TableOut(
            schema=first.schema,
            table=first.table,
            reference=".".join(_quoted(one) for one in path),
            comment=first.table_comment,
            rows=first.rows if counted else None,
            bytes=first.bytes if counted else None,
            columns=[_column(one) for one in columns if names is None or one.column in names],
        )


def _column(one: SourceColumn) -> ColumnOut:
    return ColumnOut(
        name=one.column, type=one.type, comment=one.comment, nullable=one.nullable, default=one.default
    )


async def _class(
    source: DataSource, caller: Caller, session: AsyncSession, resources: Resources
) -> AccessClass:
    """The class that the caller asks this source with. Raises Forbidden or NotFound as a query would."""
    asked = QueryRequest(sql="SELECT 1", data_source=source.name, tenant=source.tenant.slug)
    await queries.token_for(asked, caller, session, resources)
    if caller.claims is None:
        return await class_of(session, caller.person.username, source.tenant.slug)
    found = (await load_access_plan(session)).classes.get(caller.claims.access_class)
    if found is None:
        raise errors.Forbidden("Your rights have changed since this token was made. Get a new one.")
    return found


async def _up_to_date(
    source: DataSource, session: AsyncSession, resources: Resources
) -> SchemaRefresh | None:
    """Read the tables of the platform's own ClickHouse when it was not done just now: it takes milliseconds."""
    found = await source_schemas.refresh_of(session, source)
    if source.is_external or (found and found.state == "running" and not source_schemas.is_lost(found)):
        return found
    if (
        found
        and found.ended_at
        and (datetime.now(found.ended_at.tzinfo) - found.ended_at).total_seconds() < _FRESH
    ):
        return found
    async with resources.database.session() as own:
        _, mine = await source_schemas.begin(own, source)
    if mine:
        await resources.refresher.run(source.id)
    if found is not None:
        await session.refresh(found)
        return found
    return await source_schemas.refresh_of(session, source)


def _progress(found: SchemaRefresh | None) -> RefreshOut:
    if found is None:
        return RefreshOut(
            state="none", tables_done=0, tables_total=None, error=None, started_at=None, ended_at=None
        )
    lost = source_schemas.is_lost(found)
    return RefreshOut(
        state="failed" if lost else found.state,
        tables_done=found.tables_done,
        tables_total=found.tables_total,
        error=source_schemas.STOPPED if lost else found.error,
        started_at=found.started_at,
        ended_at=found.ended_at,
    )


def _quoted(name: str) -> str:
    """A name as ClickHouse reads it."""
    if re.fullmatch(r"[A-Za-z_]\w*", name):
        return name
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"
