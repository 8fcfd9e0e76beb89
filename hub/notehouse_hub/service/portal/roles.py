"""The portal's pages on a tenant's roles, and the editor of one: actions, tables, row filters and their effect."""

from math import ceil
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from notehouse_core import policy
from notehouse_core.access import LIMITS
from notehouse_core.row_filter import FUNCTIONS
from notehouse_core.store import members as people
from notehouse_core.store.models import DataSource, Tenant, User
from notehouse_hub.service.api import roles
from notehouse_hub.service.api.tenants import tenant_of
from notehouse_hub.service.etags import etag_of
from notehouse_hub.service.identity import Caller
from notehouse_hub.service.pagination import PageDep
from notehouse_hub.service.portal.rendering import render
from notehouse_hub.service.portal.tenants import frame_of
from notehouse_hub.service.portal.visitor import PageCallerDep, visitor_of
from notehouse_hub.service.resources import SessionDep

router = APIRouter(include_in_schema=False)

_MOST_PEOPLE = 200
_NEW = roles.RoleOut(
    name="", description="", is_builtin=False, actions=[], permissions=[], limits={}, members=0
)


@router.get("/tenants/{slug}/roles")
async def role_list(
    slug: str, request: Request, caller: PageCallerDep, session: SessionDep, wanted: PageDep
) -> Response:
    """List a tenant's roles."""
    tenant = await tenant_of(session, caller, slug)
    found = await roles.roles(slug, caller, session, wanted)
    return render(
        request,
        "roles.html",
        visitor_of(caller),
        here="tenants",
        **frame_of(caller, tenant, "roles"),
        roles=found.items,
        sentences=policy.ACTIONS,
        may_make=bool(policy.decide(caller.actor, roles.MANAGE, policy.Resource(slug))),
        page=wanted.page,
        pages=ceil(found.pagination.total / wanted.limit),
    )


@router.get("/tenants/{slug}/new-role")
async def new_role(slug: str, request: Request, caller: PageCallerDep, session: SessionDep) -> Response:
    """Show the editor for a role that is not there yet."""
    tenant = await tenant_of(session, caller, slug)
    caller.require(roles.MANAGE, slug)
    return await _editor(request, caller, session, tenant, _NEW)


@router.get("/tenants/{slug}/roles/{role_name}")
async def one_role(
    slug: str, role_name: str, request: Request, caller: PageCallerDep, session: SessionDep
) -> Response:
    """Show a role, to change what it may do and which rows it reads."""
    tenant = await tenant_of(session, caller, slug)
    shown = await roles.shown(session, caller, tenant, role_name)
    return await _editor(request, caller, session, tenant, shown)


async def _editor(
    request: Request, caller: Caller, session: SessionDep, tenant: Tenant, role: roles.RoleOut
) -> Response:
    visitor = visitor_of(caller)  # the list below loads the caller anew
    sources = await session.scalars(
        select(DataSource).where(DataSource.tenant_id == tenant.id).order_by(DataSource.name)
    )
    listed = await session.scalars(people.of_tenant(tenant).order_by(User.username).limit(_MOST_PEOPLE))
    return render(
        request,
        "role.html",
        visitor,
        here="tenants",
        **frame_of(caller, tenant, "roles"),
        role=role,
        etag=etag_of(role) if role.name else "",
        actions=_actions(caller, tenant, role),
        editor={
            "tenant": tenant.slug,
            "permissions": [one.model_dump() for one in role.permissions],
            "sources": [{"id": str(one.id), "name": one.name} for one in sources],
            "functions": FUNCTIONS,
        },
        limits=[
            {"name": name, "label": name.replace("_", " ").capitalize(), "value": role.limits.get(name, "")}
            for name in LIMITS
        ],
        people=[one.username for one in listed],
        may_change=bool(policy.decide(caller.actor, roles.MANAGE, policy.Resource(tenant.slug))),
    )


def _actions(caller: Caller, tenant: Tenant, role: roles.RoleOut) -> list[dict[str, Any]]:
    """Every action, whether the role has it, and whether the caller may give or take it."""
    return [
        {
            "name": name,
            "sentence": sentence,
            "held": name in role.actions,
            "mine": bool(policy.may_give(caller.actor, [name], tenant.slug, by=roles.MANAGE)),
        }
        for name, sentence in policy.ACTIONS.items()
    ]
