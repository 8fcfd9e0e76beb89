"""The portal's pages on saved queries: the list, and one to run, change and save."""

from math import ceil
from uuid import UUID

from fastapi import APIRouter, Request, Response

from notehouse_core import errors
from notehouse_hub.service.api import data_sources, saved_queries
from notehouse_hub.service.api.queries import QueryRequest
from notehouse_hub.service.etags import etag_of
from notehouse_hub.service.identity import Caller
from notehouse_hub.service.pagination import PageDep, PageRequest
from notehouse_hub.service.portal.rendering import render
from notehouse_hub.service.portal.visitor import PageCallerDep, visitor_of
from notehouse_hub.service.resources import SessionDep

router = APIRouter(include_in_schema=False)

RUN = "run-sql"
_EVERY_SOURCE = PageRequest(page=1, limit=200, search="", sort="name")


@router.get("/saved-queries")
async def query_list(
    request: Request, caller: PageCallerDep, session: SessionDep, wanted: PageDep
) -> Response:
    """List the saved queries that somebody may read."""
    found = await saved_queries.saved_queries(caller, session, wanted)
    return render(
        request,
        "saved_queries.html",
        visitor_of(caller),
        here="saved-queries",
        queries=found.items,
        may_make=bool(caller.actor.tenants_with(RUN)),
        total=found.pagination.total,
        search=wanted.search,
        page=wanted.page,
        pages=ceil(found.pagination.total / wanted.limit),
    )


@router.get("/new-query")
async def new_query(
    request: Request, caller: PageCallerDep, session: SessionDep, source: str = "", table: str = ""
) -> Response:
    """Show the editor with nothing in it, or with a table to begin from."""
    if not caller.actor.tenants_with(RUN):
        raise errors.Forbidden("No role of yours allows this: Run SQL against the tenant's data sources.")
    sql = f"SELECT *\nFROM {table}\nLIMIT 100" if table else ""
    return await _editor(request, caller, session, None, source, sql)


@router.get("/saved-queries/{query_id}")
async def one_query(query_id: UUID, request: Request, caller: PageCallerDep, session: SessionDep) -> Response:
    """Show a saved query, to run with one's own rights."""
    found = saved_queries.out(await saved_queries.visible(session, caller, query_id), caller)
    return await _editor(request, caller, session, found, f"{found.tenant}:{found.data_source}", found.sql)


async def _editor(
    request: Request,
    caller: Caller,
    session: SessionDep,
    query: saved_queries.SavedQueryOut | None,
    source: str,
    sql: str,
) -> Response:
    sources = await data_sources.data_sources(caller, session, _EVERY_SOURCE)
    mine = caller.actor.tenants_with(RUN)
    usual = f"{mine[0]}:{QueryRequest.model_fields['data_source'].default}" if mine else ""
    return render(
        request,
        "query.html",
        visitor_of(caller),
        here="saved-queries",
        query=query,
        sql=sql,
        source=source or usual,
        sources=[one for one in sources.items if one.tenant in mine],
        several=len(mine) > 1,
        parameters=[one.model_dump() for one in query.parameters] if query else [],
        etag=etag_of(query) if query else "",
        may_run=query is None or query.tenant in mine,
    )
