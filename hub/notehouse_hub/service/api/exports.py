"""Exports of a dashboard: the page as a file, a table's rows, or its notebook; each with the rights of who asks."""

import asyncio
import hashlib
import time
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import parse_qs

from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors
from notehouse_core.ids import uuid7
from notehouse_core.printing import pdf_of, png_of
from notehouse_core.report_page import page_of
from notehouse_core.store import audit
from notehouse_core.store.models import Dashboard
from notehouse_core.store.viewing import View, view_of
from notehouse_hub.service.api.dashboards import allowed, visible
from notehouse_hub.service.api.route import ANY_PARAMETER, ApiRouter, as_file
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.resources import Resources, ResourcesDep, SessionDep
from notehouse_hub.service.table_export import csv_of, table_rows
from notehouse_hub.service.workbook import workbook

KINDS = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "png": "image/png",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ipynb": "application/x-ipynb+json",
}
FILES = as_file(*(kind.partition(";")[0] for kind in KINDS.values()))
router = ApiRouter(prefix="/dashboards", tags=["Dashboards"])

_NOTHING = "This dashboard has no version that is ready."
_ROWS = ("csv", "xlsx")
# Authors wrote what is in it: where a browser opens it after all, it runs nothing and loads nothing.
_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"


@router.get("/{reference}/export", response_class=Response, openapi_extra=ANY_PARAMETER, responses=FILES)
async def export(
    reference: str,
    caller: CallerDep,
    session: SessionDep,
    resources: ResourcesDep,
    request: Request,
    format: Literal["html", "pdf", "png", "csv", "xlsx", "ipynb"] = "html",
    tile: str = "",
) -> Response:
    """Fetch a dashboard as a file, with the filters that the address sets.

    `html`, `pdf` and `png` as the caller sees it, `csv` and `xlsx` the rows of the table `tile`, `ipynb` for those who
    may edit the dashboard. Each file has a receipt: its number is in the header `X-Notehouse-Receipt`, and the audit
    says what left under it.
    """
    began, receipt = time.perf_counter(), str(uuid7())
    if format == "ipynb":
        found, view = await allowed(session, caller, reference, "edit"), None
    else:
        found = await visible(session, caller, reference)
        query = parse_qs(request.url.query, max_num_fields=200)
        view = await view_of(session, caller.person.username, found.tenant.slug, found.slug, query)
    content = await _content(format, tile, found, view, caller, resources, receipt)
    facts = _facts(found, view, format, tile, receipt)
    if isinstance(content, bytes):
        facts |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    await _keep(session, caller, found, facts)
    resources.usage.dashboard_event(
        "csv" if format in _ROWS else "export",
        caller.actor.name,
        tenant=found.tenant.slug,
        dashboard=found.slug,
        version=facts["version"],
        access_class=view.access_class if view else "",
        seconds=time.perf_counter() - began,
        detail=tile if format in _ROWS else format,
    )
    headers = {
        "Content-Disposition": f'attachment; filename="{found.slug}.{format}"',
        "Content-Security-Policy": _SANDBOX,
        "X-Notehouse-Receipt": receipt,
        "X-Notehouse-Fresh-At": facts["fresh_at"],
    }
    if isinstance(content, bytes):
        return Response(content, media_type=KINDS[format], headers=headers)
    return StreamingResponse(content, media_type=KINDS[format], headers=headers)


async def _content(
    form: str,
    tile: str,
    found: Dashboard,
    view: View | None,
    caller: Caller,
    resources: Resources,
    receipt: str,
) -> bytes | Iterator[bytes]:
    if view is None:
        return await _notebook(found, resources)
    if form in _ROWS:
        notebook = await _notebook(found, resources)
        head, rows = await table_rows(view, notebook, tile, caller.person.username, resources)
        return csv_of(head, rows) if form == "csv" else workbook(head, rows, _about(view, caller, receipt))
    page = await _page(view, resources)
    if form == "html":
        return page.encode()
    return await (pdf_of if form == "pdf" else png_of)(page, resources.settings)


def _about(view: View, caller: Caller, receipt: str) -> list[tuple[str, str]]:
    """What a workbook says of itself."""
    version = view.dashboard.published_version
    return [
        ("Dashboard", view.dashboard.name),
        ("Version", str(version.number) if version else ""),
        ("Rows as", f"{caller.person.username} may read them"),
        *((name, str(value)) for name, value in view.parameters.items()),
        ("Exported (UTC)", time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())),
        ("Receipt", receipt),
    ]


def _facts(found: Dashboard, view: View | None, form: str, tile: str, receipt: str) -> dict[str, Any]:
    snapshot = view.snapshot if view and form not in _ROWS else None
    fresh = snapshot.rendered_at.isoformat() if snapshot and snapshot.rendered_at else ""
    return {
        "receipt": receipt,
        "format": form,
        "tile": tile,
        "version": found.published_version.number if found.published_version else 0,
        "access_class": view.access_class if view else "",
        "parameters": str(view.parameters) if view else "",
        "fresh_at": fresh or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


async def _keep(session: AsyncSession, caller: Caller, found: Dashboard, facts: dict[str, Any]) -> None:
    """Write down who took what out of the house."""
    author = audit.author_of(session)
    await audit.record(
        session,
        caller.actor.name,
        "export-dashboard",
        f"{found.tenant.slug}:{found.slug}",
        facts,
        tenant_id=found.tenant_id,
        address=author.address,
        request_id=author.request_id,
    )


async def _notebook(found: Dashboard, resources: Resources) -> bytes:
    if found.published_version is None:
        raise errors.Conflict(_NOTHING)
    return await asyncio.to_thread(resources.artifacts.get, found.published_version.notebook)


async def _page(view: View, resources: Resources) -> str:
    """What the snapshot of the caller's class shows, as a page that needs nothing else."""
    if view.snapshot is None or not view.snapshot.is_shown:
        raise errors.Conflict(f"{_NOTHING} If it is being made for you, try again in a moment.")
    key = view.snapshot.cells.get("executed")
    if key is None:
        raise errors.Conflict("This version was published before exports were kept. Publish it once more.")
    executed = await asyncio.to_thread(resources.artifacts.get, key)
    return await asyncio.to_thread(page_of, executed.decode(), view.dashboard.name)
