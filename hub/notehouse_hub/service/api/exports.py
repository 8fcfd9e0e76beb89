"""Exports of a dashboard: the page as a file, or its notebook; each with the rights of who asks."""

import asyncio
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors
from notehouse_core.report_page import page_of
from notehouse_core.store.models import Dashboard
from notehouse_core.store.viewing import view_of
from notehouse_hub.service.api.dashboards import allowed, visible
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.resources import Resources, ResourcesDep, SessionDep

router = APIRouter(prefix="/dashboards", tags=["Dashboards"])

_NOTHING = "This dashboard has no version that is ready."
# Authors wrote what is in it: where a browser opens it after all, it runs nothing and loads nothing.
_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"


@router.get("/{reference}/export", response_class=Response)
async def export(
    reference: str,
    caller: CallerDep,
    session: SessionDep,
    resources: ResourcesDep,
    format: Literal["html", "ipynb"] = "html",
) -> Response:
    """Fetch a dashboard as a file: `html` as the caller sees it, `ipynb` for those who may edit it."""
    if format == "ipynb":
        found = await allowed(session, caller, reference, "edit")
        content, kind = await _notebook(found, resources), "application/x-ipynb+json"
    else:
        found = await visible(session, caller, reference)
        content, kind = await _page(session, caller, found, resources), "text/html; charset=utf-8"
    headers = {
        "Content-Disposition": f'attachment; filename="{found.slug}.{format}"',
        "Content-Security-Policy": _SANDBOX,
    }
    return Response(content, media_type=kind, headers=headers)


async def _notebook(found: Dashboard, resources: Resources) -> bytes:
    if found.published_version is None:
        raise errors.Conflict(_NOTHING)
    return await asyncio.to_thread(resources.artifacts.get, found.published_version.notebook)


async def _page(session: AsyncSession, caller: Caller, found: Dashboard, resources: Resources) -> bytes:
    """What the snapshot of the caller's class shows, as a page that needs nothing else."""
    view = await view_of(session, caller.person.username, found.tenant.slug, found.slug)
    if view.snapshot is None or view.snapshot.status != "ready":
        raise errors.Conflict(f"{_NOTHING} If it is being made for you, try again in a moment.")
    key = view.snapshot.cells.get("executed")
    if key is None:
        raise errors.Conflict("This version was published before exports were kept. Publish it once more.")
    executed = await asyncio.to_thread(resources.artifacts.get, key)
    return (await asyncio.to_thread(page_of, executed.decode(), found.name)).encode()
