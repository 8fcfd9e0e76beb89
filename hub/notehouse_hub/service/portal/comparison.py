"""The portal's page on what is different between two versions of a dashboard."""

from typing import Any

from fastapi import APIRouter, Request, Response

from notehouse_core.store import dashboards as store
from notehouse_hub.service.api import comparisons
from notehouse_hub.service.api.dashboards import allowed
from notehouse_hub.service.portal.rendering import render
from notehouse_hub.service.portal.visitor import PageCallerDep, visitor_of
from notehouse_hub.service.resources import ResourcesDep, SessionDep

router = APIRouter(include_in_schema=False)

_SHOWN = 12  # numbers of a tile that the page lists
_SIGNS = {"+": "added", "-": "removed"}


@router.get("/dashboards/{reference}/diff")
async def difference(
    reference: str,
    request: Request,
    caller: PageCallerDep,
    session: SessionDep,
    resources: ResourcesDep,
    before: comparisons.Before,
    after: comparisons.After,
    at: comparisons.Mark = "",
) -> Response:
    """Show code, numbers and pictures of two versions beside each other."""
    found = await allowed(session, caller, reference, "edit")
    numbers = [one.number for one in await store.versions_of(session, found)]
    told = await comparisons.diff(reference, caller, session, resources, before, after, at)
    return render(
        request,
        "comparison.html",
        visitor_of(caller),
        here="dashboards",
        dashboard=found,
        numbers=numbers,
        told=told,
        cells=[{"cell": one, "lines": [_line(each) for each in one.lines]} for one in told.code],
        shown=_SHOWN,
        again=f"{request.url.path}?from={before}&to={after}&at={told.watermark}",
    )


def _line(text: str) -> dict[str, Any]:
    return {"kind": _SIGNS.get(text[:1], "same"), "sign": text[:1].strip(), "text": text[1:]}
