"""The portal's pages on one dashboard's versions, and the API reference."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.store import access_requests, preferences
from notehouse_core.store import dashboards as store
from notehouse_core.store import links as store_links
from notehouse_core.store.models import Dashboard, DashboardVersion
from notehouse_hub.service.api import dashboard_usage, links, permissions
from notehouse_hub.service.api.dashboards import visible
from notehouse_hub.service.portal.badge import Badge
from notehouse_hub.service.portal.home import address_of
from notehouse_hub.service.portal.rendering import render
from notehouse_hub.service.portal.visitor import PageCallerDep, visitor_of
from notehouse_hub.service.reference import groups_of
from notehouse_hub.service.resources import SessionDep, resources_of

router = APIRouter(include_in_schema=False)

_MOST_LINKS = 20
_LINK_KINDS = {"open": "good", "expired": "quiet", "revoked": "quiet"}
_KINDS = {"rendering": "busy", "ready": "good", "failed": "bad"}


@router.get("/dashboards/{reference}")
async def details(reference: str, request: Request, caller: PageCallerDep, session: SessionDep) -> Response:
    """Show a dashboard's versions and who may do what."""
    found = await visible(session, caller, reference)
    may_edit = bool(store.decision(caller.actor, "edit", found))
    may_share = (
        bool(store.decision(caller.actor, "share", found)) and found.tenant.slug in caller.actor.tenants
    )
    return render(
        request,
        "dashboard.html",
        visitor_of(caller),
        here="dashboards",
        dashboard={
            "id": found.id,
            "name": found.name,
            "description": found.description,
            "tenant": found.tenant.slug,
            "slug": found.slug,
            "owner": found.owner.username,
        },
        href=address_of(found),
        versions=_versions(found, await store.versions_of(session, found), may_edit=may_edit),
        grants=_grants(found),
        tables=_tables(found.published_version),
        query=f"&{request.url.query}" if request.url.query else "",
        may_edit=may_edit,
        usage=await dashboard_usage.usage(reference, caller, session, resources_of(request))
        if may_edit
        else None,
        asking=await _asking(session, found) if may_share else [],
        links=await _links(session, found) if may_share and found.published_version else None,
        link_days=(_today() + timedelta(days=1), _today() + timedelta(days=30), _today() + links.LONGEST),
        is_favourite=found.id in (await preferences.remembered(session, caller.person)).favourites,
    )


@router.get("/docs")
async def docs(request: Request, caller: PageCallerDep) -> Response:
    """Show the API reference."""
    document = request.app.openapi()
    groups, version = groups_of(document), document["openapi"]
    return render(request, "docs.html", visitor_of(caller), groups=groups, openapi_version=version)


def _today() -> date:
    return datetime.now(UTC).date()


def _versions(
    dashboard: Dashboard, versions: list[DashboardVersion], *, may_edit: bool
) -> list[dict[str, Any]]:
    """Versions as the page lists them, newest first, each with what may be done with it."""
    shown = dashboard.published_version
    return [
        {
            "number": one.number,
            "badge": Badge(_KINDS[one.state], one.state),
            "error": (one.error or {}).get("message", ""),
            "created_at": _moment(one.created_at),
            "author": one.author.username,
            "message": one.message,
            "is_shown": shown is not None and shown.id == one.id,
            "can_roll_back": may_edit and one.state == "ready" and (shown is None or shown.id != one.id),
            "compare_with": _other(one, versions, shown) if may_edit else None,
        }
        for one in versions
    ]


def _other(
    one: DashboardVersion, versions: list[DashboardVersion], shown: DashboardVersion | None
) -> int | None:
    """What a version is compared with: the one that is shown, or what came before it."""
    if shown is not None and shown.id != one.id:
        return shown.number
    return next((each.number for each in versions if each.number < one.number), None)


def _tables(one: DashboardVersion | None) -> list[dict[str, Any]]:
    """The tiles whose rows can be fetched."""
    return [tile for tile in one.tiles if tile.get("is_table")] if one else []


async def _asking(session: AsyncSession, one: Dashboard) -> list[dict[str, Any]]:
    """Who asks to see it, and the permissions that it would have if they were let in."""
    present = permissions.out(one).model_dump(exclude_none=True)["items"]
    return [
        {
            "request": each,
            "let_in": json.dumps({"items": [*present, {"user": each.username, "permission_type": "view"}]}),
        }
        for each in await access_requests.open_ones(session, one)
    ]


async def _links(session: AsyncSession, one: Dashboard) -> list[dict[str, Any]]:
    """Links as the page lists them; those that ended long ago are in the API."""
    found = [links.out(each) for each in await store_links.of(session, one)]
    return [
        {"link": each, "badge": Badge(_LINK_KINDS[each.state], each.state)}
        for each in sorted(found, key=lambda each: each.state != "open")[:_MOST_LINKS]
    ]


def _grants(one: Dashboard) -> list[dict[str, str]]:
    public = [{"who": f"Everyone at {one.tenant.name}", "may": "view"}] if one.is_public else []
    return public + [
        {
            "who": each.user.username if each.user else f"role {each.role.name}" if each.role else "",
            "may": each.permission_type,
        }
        for each in one.permissions
    ]


def _moment(at: datetime) -> str:
    return at.isoformat()
