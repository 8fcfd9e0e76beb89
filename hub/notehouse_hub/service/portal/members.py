"""The portal's page on who belongs to a tenant, with which roles."""

from math import ceil

from fastapi import APIRouter, Request, Response

from notehouse_hub.service.api import members, roles
from notehouse_hub.service.api.tenants import tenant_of
from notehouse_hub.service.pagination import PageDep, PageRequest
from notehouse_hub.service.portal.art import initials
from notehouse_hub.service.portal.rendering import render
from notehouse_hub.service.portal.tenants import frame_of
from notehouse_hub.service.portal.visitor import PageCallerDep, visitor_of
from notehouse_hub.service.resources import SessionDep

router = APIRouter(include_in_schema=False)

EVERY_ROLE = PageRequest(page=1, limit=200, search="", sort="name")


@router.get("/tenants/{slug}/members")
async def member_list(
    slug: str, request: Request, caller: PageCallerDep, session: SessionDep, wanted: PageDep
) -> Response:
    """List a tenant's members, to give and take roles."""
    visitor = visitor_of(caller)  # the list below loads the caller anew
    tenant = await tenant_of(session, caller, slug)
    found = await members.members(slug, caller, session, wanted)
    known = await roles.roles(slug, caller, session, EVERY_ROLE)
    return render(
        request,
        "members.html",
        visitor,
        here="tenants",
        **frame_of(caller, tenant, "members"),
        members=[
            {
                **one.model_dump(),
                "full_name": f"{one.first_name} {one.last_name}".strip(),
                "initials": initials(f"{one.first_name} {one.last_name}".strip() or one.username),
                "lacks": [each.name for each in known.items if each.name not in {r.name for r in one.roles}],
            }
            for one in found.items
        ],
        roles=known.items,
        total=found.pagination.total,
        search=wanted.search,
        page=wanted.page,
        pages=ceil(found.pagination.total / wanted.limit),
    )
