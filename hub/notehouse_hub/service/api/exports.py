"""Exports of a dashboard: the page as a file, or its notebook; each with the rights of who asks."""

import asyncio
import time
from typing import Literal
from urllib.parse import parse_qs

from fastapi import Request
from fastapi.responses import Response

from notehouse_core import errors
from notehouse_core.printing import pdf_of
from notehouse_core.report_page import page_of
from notehouse_core.store.models import Dashboard
from notehouse_core.store.viewing import View, view_of
from notehouse_hub.service.api.dashboards import allowed, visible
from notehouse_hub.service.api.route import ANY_PARAMETER, ApiRouter, as_file
from notehouse_hub.service.identity import CallerDep
from notehouse_hub.service.resources import Resources, ResourcesDep, SessionDep
from notehouse_hub.service.table_export import table_csv

FILES = as_file("text/html", "application/pdf", "text/csv", "application/x-ipynb+json")
router = ApiRouter(prefix="/dashboards", tags=["Dashboards"])

_NOTHING = "This dashboard has no version that is ready."
# Authors wrote what is in it: where a browser opens it after all, it runs nothing and loads nothing.
_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"


@router.get("/{reference}/export", response_class=Response, openapi_extra=ANY_PARAMETER, responses=FILES)
async def export(
    reference: str,
    caller: CallerDep,
    session: SessionDep,
    resources: ResourcesDep,
    request: Request,
    format: Literal["html", "pdf", "ipynb", "csv"] = "html",
    tile: str = "",
) -> Response:
    """Fetch a dashboard as a file, with the filters that the address sets.

    `html` and `pdf` as the caller sees it, `csv` the rows of the table `tile`, `ipynb` for those who may edit the dashboard.
    """
    began, access_class = time.perf_counter(), ""
    if format == "ipynb":
        found = await allowed(session, caller, reference, "edit")
        content, kind = await _notebook(found, resources), "application/x-ipynb+json"
    else:
        found = await visible(session, caller, reference)
        username = caller.person.username
        query = parse_qs(request.url.query, max_num_fields=200)
        view = await view_of(session, username, found.tenant.slug, found.slug, query)
        access_class = view.access_class
        if format == "csv":
            notebook = await _notebook(found, resources)
            content = await table_csv(view, notebook, tile, username, resources)
            kind = "text/csv; charset=utf-8"
        elif format == "pdf":
            page = (await _page(view, resources)).decode()
            content, kind = await pdf_of(page, resources.settings), "application/pdf"
        else:
            content, kind = await _page(view, resources), "text/html; charset=utf-8"
    resources.usage.dashboard_event(
        "csv" if format == "csv" else "export",
        caller.actor.name,
        tenant=found.tenant.slug,
        dashboard=found.slug,
        version=found.published_version.number if found.published_version else 0,
        access_class=access_class,
        seconds=time.perf_counter() - began,
        detail=tile if format == "csv" else format,
    )
    headers = {
        "Content-Disposition": f'attachment; filename="{found.slug}.{format}"',
        "Content-Security-Policy": _SANDBOX,
    }
    return Response(content, media_type=kind, headers=headers)


async def _notebook(found: Dashboard, resources: Resources) -> bytes:
    if found.published_version is None:
        raise errors.Conflict(_NOTHING)
    return await asyncio.to_thread(resources.artifacts.get, found.published_version.notebook)


async def _page(view: View, resources: Resources) -> bytes:
    """What the snapshot of the caller's class shows, as a page that needs nothing else."""
    if view.snapshot is None or view.snapshot.status != "ready":
        raise errors.Conflict(f"{_NOTHING} If it is being made for you, try again in a moment.")
    key = view.snapshot.cells.get("executed")
    if key is None:
        raise errors.Conflict("This version was published before exports were kept. Publish it once more.")
    executed = await asyncio.to_thread(resources.artifacts.get, key)
    return (await asyncio.to_thread(page_of, executed.decode(), view.dashboard.name)).encode()
