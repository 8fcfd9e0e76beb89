"""The portal's pages on data sources: what is connected, how it is, and the tables in it."""

from math import ceil
from typing import Any

from fastapi import APIRouter, Request, Response

from notehouse_core import errors
from notehouse_core.policy import Resource, decide
from notehouse_hub.service.api import data_sources, source_schemas
from notehouse_hub.service.api.source_schemas import Schema, TableOut
from notehouse_hub.service.etags import etag_of
from notehouse_hub.service.identity import Caller
from notehouse_hub.service.pagination import PageDep
from notehouse_hub.service.portal.badge import Badge
from notehouse_hub.service.portal.rendering import render
from notehouse_hub.service.portal.visitor import PageCallerDep, visitor_of
from notehouse_hub.service.resources import Resources, ResourcesDep, SessionDep

router = APIRouter(include_in_schema=False)

_KINDS = {"ready": "good", "failing": "bad", "untested": "quiet"}
_WORDS = {"failing": "does not answer", "untested": "not tested yet"}
_TYPES = {"clickhouse": "ClickHouse", "postgresql": "PostgreSQL"}
_MOST_TABLES = 500


@router.get("/data-sources")
async def source_list(
    request: Request, caller: PageCallerDep, session: SessionDep, wanted: PageDep
) -> Response:
    """List data sources and how they are."""
    found = await data_sources.data_sources(caller, session, wanted)
    visitor = visitor_of(caller)
    return render(
        request,
        "sources.html",
        visitor,
        here="data-sources",
        sources=[_shown(one) for one in found.items],
        connects=_connects(caller),
        total=found.pagination.total,
        search=wanted.search,
        page=wanted.page,
        pages=ceil(found.pagination.total / wanted.limit),
    )


@router.get("/data-sources/{source_id}")
async def one_source(
    source_id: str,
    request: Request,
    caller: PageCallerDep,
    session: SessionDep,
    resources: ResourcesDep,
    table: str = "",
    search: str = "",
) -> Response:
    """Show a source with its tables, and the columns of one of them."""
    found = await data_sources.one_of(session, caller, source_id)
    shown = data_sources.out(found, caller)
    manages = data_sources.manages(caller, found)
    known, problem = await _schema(source_id, caller, session, resources, manages=manages)
    fitting = [one for one in known.items if search.lower() in f"{one.reference} {one.comment}".lower()]
    chosen = next((one for one in known.items if one.reference == table), fitting[0] if fitting else None)
    return render(
        request,
        "source.html",
        visitor_of(caller),
        here="data-sources",
        source=_shown(shown),
        tables=fitting[:_MOST_TABLES],
        tables_total=len(known.items),
        chosen=chosen,
        readable=chosen is not None and await _is_readable(source_id, chosen, caller, session, resources),
        refreshed_at=known.refreshed_at,
        progress=await source_schemas.refresh_progress(source_id, caller, session),
        problem=problem,
        manages=manages,
        search=search,
        etag=etag_of(shown, found.updated_at),
    )


async def _schema(
    source_id: str, caller: Caller, session: SessionDep, resources: Resources, *, manages: bool
) -> tuple[Schema, str]:
    """The tables that somebody may know of; none with the reason where they may read nothing."""
    try:
        return await source_schemas.schema(source_id, caller, session, resources, all=manages), ""
    except (errors.Forbidden, errors.NotFound) as error:
        return Schema(items=[], refreshed_at=None), error.message


async def _is_readable(
    source_id: str, table: TableOut, caller: Caller, session: SessionDep, resources: Resources
) -> bool:
    """Whether the caller's own roles read rows of a table: who manages a source need not."""
    mine, _ = await _schema(source_id, caller, session, resources, manages=False)
    return any(one.reference == table.reference for one in mine.items)


def _connects(caller: Caller) -> list[str]:
    """Slugs of the tenants to which somebody may connect a source."""
    return [
        slug for slug in caller.actor.tenants if decide(caller.actor, data_sources.MANAGE, Resource(slug))
    ]


def _shown(one: data_sources.DataSourceOut) -> dict[str, Any]:
    return {
        **one.model_dump(),
        "kind": _TYPES.get(one.type, one.type),
        "badge": Badge(_KINDS[one.status], _WORDS.get(one.status, one.status)),
    }
