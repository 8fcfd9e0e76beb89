"""The portal's own pages: dashboards, one dashboard's versions, the account, the API reference."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from fastapi import APIRouter, Request, Response

from notehouse_core import policy
from notehouse_core.settings import DASHBOARDS_PREFIX
from notehouse_core.store import dashboards as store
from notehouse_core.store.models import Dashboard, DashboardVersion
from notehouse_hub.service.api.dashboards import visible
from notehouse_hub.service.pagination import PageDep, fetch_page
from notehouse_hub.service.portal.art import Art, art_of
from notehouse_hub.service.portal.badge import Badge
from notehouse_hub.service.portal.rendering import render
from notehouse_hub.service.portal.visitor import PageCallerDep, visitor_of
from notehouse_hub.service.reference import groups_of
from notehouse_hub.service.resources import PREFIX, SessionDep

router = APIRouter(include_in_schema=False)

_KINDS = {"rendering": "busy", "ready": "good", "failed": "bad"}


@dataclass(frozen=True)
class Card:
    """A dashboard in the list."""

    name: str
    description: str
    tags: list[str]
    tenant: str
    href: str
    details: str
    art: Art
    badge: Badge | None
    fresh_at: str

    @property
    def haystack(self) -> str:
        """What the search box looks through."""
        return " ".join([self.name, self.description, *self.tags, self.tenant]).lower()


@router.get("/")
async def home(request: Request, caller: PageCallerDep, session: SessionDep, wanted: PageDep) -> Response:
    """List the dashboards that somebody may open."""
    found, total = await fetch_page(
        session,
        store.visible_to(caller.actor),
        wanted,
        searched=(Dashboard.name, Dashboard.description, Dashboard.slug),
        sorts={"name": Dashboard.name},
    )
    return render(
        request,
        "home.html",
        visitor_of(caller),
        here="dashboards",
        cards=[_card(one, editable=bool(store.decision(caller.actor, "edit", one))) for one in found],
        total=total,
        search=wanted.search,
        page=wanted.page,
        pages=ceil(total / wanted.limit),
    )


@router.get("/dashboards/{reference}")
async def details(reference: str, request: Request, caller: PageCallerDep, session: SessionDep) -> Response:
    """Show a dashboard's versions and who may do what."""
    found = await visible(session, caller, reference)
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
        href=_address(found),
        versions=[_version(one) for one in await store.versions_of(session, found)],
        grants=_grants(found),
        tables=_tables(found.published_version),
        query=f"&{request.url.query}" if request.url.query else "",
        may_edit=bool(store.decision(caller.actor, "edit", found)),
    )


@router.get("/account")
async def account(request: Request, caller: PageCallerDep) -> Response:
    """Show somebody who they are here."""
    names = {tenant.slug: tenant.name for tenant in visitor_of(caller).tenants}
    memberships = [
        {
            "tenant": one.tenant,
            "tenant_name": names.get(one.tenant, one.tenant),
            "role": one.role,
            "capabilities": [
                sentence for action, sentence in policy.ACTIONS.items() if action in one.actions
            ],
        }
        for one in caller.actor.memberships
    ]
    has_password = caller.person.password_hash is not None
    return render(
        request, "account.html", visitor_of(caller), memberships=memberships, has_password=has_password
    )


@router.get("/docs")
async def docs(request: Request, caller: PageCallerDep) -> Response:
    """Show the API reference."""
    document = request.app.openapi()
    groups, version = groups_of(document), document["openapi"]
    return render(request, "docs.html", visitor_of(caller), groups=groups, openapi_version=version)


def _card(one: Dashboard, *, editable: bool) -> Card:
    version = one.published_version
    return Card(
        name=one.name,
        description=one.description,
        tags=one.tags,
        tenant=one.tenant.name,
        href=_address(one),
        details=f"{PREFIX}/dashboards/{one.id}" if editable else "",
        art=art_of(str(one.id), one.name),
        badge=None if version else Badge("busy", "not ready yet"),
        fresh_at=_moment(version.updated_at) if version else "",
    )


def _version(one: DashboardVersion) -> dict[str, Any]:
    error = one.error or {}
    return {
        "number": one.number,
        "badge": Badge(_KINDS[one.state], one.state),
        "error": error.get("message", ""),
        "created_at": _moment(one.created_at),
        "author": one.author.username,
        "message": one.message,
        "can_roll_back": False,
    }


def _tables(one: DashboardVersion | None) -> list[dict[str, Any]]:
    """The tiles whose rows can be fetched."""
    return [tile for tile in one.tiles if tile.get("is_table")] if one else []


def _grants(one: Dashboard) -> list[dict[str, str]]:
    public = [{"who": f"Everyone at {one.tenant.name}", "may": "view"}] if one.is_public else []
    return public + [
        {
            "who": each.user.username if each.user else f"role {each.role.name}" if each.role else "",
            "may": each.permission_type,
        }
        for each in one.permissions
    ]


def _address(one: Dashboard) -> str:
    return f"{DASHBOARDS_PREFIX}/{one.tenant.slug}/{one.slug}"


def _moment(at: datetime) -> str:
    return at.isoformat()
