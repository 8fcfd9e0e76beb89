"""Data sources of the caller's tenants; nothing secret is ever shown."""

import asyncio
import re
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import Select, select
from sqlalchemy.orm import selectinload

from notehouse_core import errors
from notehouse_core.store.models import DataSource, Tenant
from notehouse_core.warehouse import Statement
from notehouse_hub.service.api.queries import QueryRequest, token_for
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.pagination import Page, PageDep, fetch_page
from notehouse_hub.service.resources import ResourcesDep, SessionDep

_TABLES = """
SELECT database, name, comment, database = currentDatabase() AS here FROM system.tables
WHERE database NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA') ORDER BY here DESC, database, name"""
_COLUMNS = """
SELECT database, table, name, type, comment FROM system.columns
WHERE database NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA') ORDER BY database, table, position"""
_MOST = 100_000  # columns

router = APIRouter(prefix="/data-sources", tags=["Data sources"])


class DataSourceOut(BaseModel):
    """A data source."""

    id: UUID
    tenant: str
    name: str
    type: str
    description: str
    status: str


class ColumnOut(BaseModel):
    """A column."""

    name: str
    type: str
    comment: str


class TableOut(BaseModel):
    """A table; `reference` is how SQL names it."""

    schema_: str = Field(alias="schema")
    table: str
    reference: str
    comment: str
    columns: list[ColumnOut]


class Schema(BaseModel):
    """The tables that the caller may read, with their columns in order."""

    items: list[TableOut]


@router.get("")
async def data_sources(caller: CallerDep, session: SessionDep, wanted: PageDep) -> Page[DataSourceOut]:
    """List the data sources of the caller's tenants."""
    found, total = await fetch_page(
        session,
        visible_to(caller),
        wanted,
        searched=(DataSource.name, DataSource.description),
        sorts={"name": DataSource.name, "type": DataSource.type},
    )
    items = [
        DataSourceOut(
            id=one.id,
            tenant=one.tenant.slug,
            name=one.name,
            type=one.type,
            description=one.description,
            status=one.status,
        )
        for one in found
    ]
    return wanted.answer(items, total)


@router.get("/{source_id}/schema")
async def schema(source_id: UUID, caller: CallerDep, session: SessionDep, resources: ResourcesDep) -> Schema:
    """List tables and columns as the caller's own class sees them."""
    source = (await session.scalars(visible_to(caller).where(DataSource.id == source_id))).one_or_none()
    if source is None:
        raise errors.NotFound("There is no such data source, or none that you may know of.")
    asked = QueryRequest(sql=_TABLES, data_source=source.name, tenant=source.tenant.slug)
    token = await token_for(asked, caller, resources)
    answers = await asyncio.gather(
        *(
            resources.warehouse.run(Statement(source.name, sql, {}, _MOST), "json", token)
            for sql in (_TABLES, _COLUMNS)
        )
    )
    tables, columns = (answer.rows() for answer in answers)
    return Schema(items=[_table(one, columns) for one in tables])


def visible_to(caller: Caller) -> Select[DataSource]:
    """The data sources of the caller's tenants; all of them for the platform admin."""
    query = select(DataSource).join(DataSource.tenant).options(selectinload(DataSource.tenant))
    if caller.actor.platform_admin:
        return query
    return query.where(Tenant.slug.in_(caller.actor.tenants))


def _table(table: dict[str, Any], columns: list[dict[str, Any]]) -> TableOut:
    names = [table["name"]] if table["here"] else [table["database"], table["name"]]
    mine = [one for one in columns if (one["database"], one["table"]) == (table["database"], table["name"])]
    return TableOut(
        schema=table["database"],
        table=table["name"],
        reference=".".join(_quoted(name) for name in names),
        comment=table["comment"],
        columns=[ColumnOut(name=one["name"], type=one["type"], comment=one["comment"]) for one in mine],
    )


def _quoted(name: str) -> str:
    """A name as ClickHouse reads it."""
    if re.fullmatch(r"[A-Za-z_]\w*", name):
        return name
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"
