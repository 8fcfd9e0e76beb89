"""The small picture of a dashboard: of the rows that the caller's own access class reads, or none."""

import asyncio
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from notehouse_core import errors
from notehouse_core.store import thumbnails
from notehouse_core.store.viewing import view_of
from notehouse_hub.service.api.dashboards import visible
from notehouse_hub.service.api.route import ApiRouter, as_file
from notehouse_hub.service.identity import CallerDep
from notehouse_hub.service.resources import ResourcesDep, SessionDep

router = ApiRouter(prefix="/dashboards", tags=["Dashboards"])

_NONE = "There is no picture of this dashboard as you see it."
_HEADERS = {"Cache-Control": "private, no-cache", "Content-Security-Policy": "sandbox; default-src 'none'"}


@router.get("/{reference}/thumbnail", response_class=Response, responses=as_file("image/webp"))
async def thumbnail(
    reference: str,
    caller: CallerDep,
    session: SessionDep,
    resources: ResourcesDep,
    request: Request,
    at: Annotated[str, Query(pattern="^[0-9a-f]{0,64}$")] = "",
) -> Response:
    """Fetch a small picture (WebP, 640 by 280) of a dashboard as the caller sees it.

    `at` begins the name of one picture, for addresses that change with it; another than the present one is not found.
    """
    found = await visible(session, caller, reference)
    view = await view_of(session, caller.person.username, found.tenant.slug, found.slug, drawn=False)
    version = view.dashboard.published_version
    seen = {version.id: view.access_class} if version else {}
    key = next(iter((await thumbnails.shown(session, seen)).values()), "")
    if not key or not key.startswith(at):
        raise errors.NotFound(_NONE)
    headers = {**_HEADERS, "ETag": f'"{key[:32]}"'}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    picture = await asyncio.to_thread(resources.artifacts.get, key)
    return Response(picture, media_type="image/webp", headers=headers)
