"""The portal's page that explains what somebody may do with something, and why."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from notehouse_core import errors, policy
from notehouse_core.store import dashboards, saved_queries
from notehouse_core.store import roles as role_store
from notehouse_core.store.models import Dashboard, Membership, SavedQuery, Tenant, User
from notehouse_hub.service.api import explain_access
from notehouse_hub.service.auditing import AuditDep
from notehouse_hub.service.identity import Caller
from notehouse_hub.service.portal.rendering import render
from notehouse_hub.service.portal.visitor import PageCallerDep, visitor_of
from notehouse_hub.service.resources import ResourcesDep, SessionDep

router = APIRouter(include_in_schema=False)

_MOST = 100
_SENTENCES = {
    **policy.ACTIONS,
    **{name: text for kind in policy.RESOURCE_ACTIONS.values() for name, text in kind.items()},
    "select": "Read rows of this table.",
}


@dataclass(frozen=True)
class Choice:
    """Something to ask about."""

    value: str
    label: str


@router.get("/access")
async def access(
    request: Request,
    caller: PageCallerDep,
    session: SessionDep,
    resources: ResourcesDep,
    audit: AuditDep,
    user: str = "",
    object: str = "",
) -> Response:
    """Let somebody choose a person and a thing, and say what the one may do with the other."""
    visitor = visitor_of(caller)
    found, problem = None, ""
    if object:
        try:
            found = await explain_access.explain_access(
                caller, session, resources, audit, object, user or None
            )
        except (errors.NotFound, errors.Invalid) as error:
            problem = error.message
    return render(
        request,
        "access.html",
        visitor,
        here="access",
        choices=await _choices(session, caller),
        people=await _people(session, caller),
        user=user or caller.actor.name,
        object=object,
        found=found,
        problem=problem,
        sentences=_SENTENCES,
    )


async def _choices(session: SessionDep, caller: Caller) -> dict[str, list[Choice]]:
    """What there is to ask about, by kind."""
    slugs = await _slugs(session, caller)
    seen = await session.scalars(dashboards.visible_to(caller.actor).order_by(Dashboard.name).limit(_MOST))
    saved = await session.scalars(
        saved_queries.visible_to(caller.actor).order_by(SavedQuery.name).limit(_MOST)
    )
    return {
        "Tenants": [Choice(f"tenant:{slug}", slug) for slug in slugs],
        "Tables": await _tables(session, slugs),
        "Dashboards": [
            Choice(f"dashboard:{one.tenant.slug}:{one.slug}", f"{one.name} ({one.tenant.slug})")
            for one in seen
        ],
        "Saved queries": [
            Choice(f"saved-query:{one.id}", f"{one.name} ({one.tenant.slug})") for one in saved
        ],
    }


async def _slugs(session: SessionDep, caller: Caller) -> list[str]:
    if not caller.administers:
        return list(caller.actor.tenants)
    return list(
        await session.scalars(select(Tenant.slug).where(Tenant.is_active).order_by(Tenant.slug).limit(_MOST))
    )


async def _tables(session: SessionDep, slugs: list[str]) -> list[Choice]:
    """Tables that a role of these tenants names."""
    found: set[tuple[str, str]] = set()
    for slug in slugs:
        tenant = await session.scalar(select(Tenant).where(Tenant.slug == slug))
        for role in await session.scalars(role_store.of_tenant(tenant)) if tenant else ():
            found |= {
                (slug, f"{one.data_source}/{one.database}.{one.table}") for one in role_store.rights_of(role)
            }
    return [Choice(f"table:{path}@{slug}", f"{path} at {slug}") for slug, path in sorted(found)[:_MOST]]


async def _people(session: SessionDep, caller: Caller) -> list[str]:
    """Whom somebody may ask about: everybody, the members of tenants they manage, or themselves."""
    query = select(User.username).where(User.is_active).order_by(User.username).limit(_MOST * 5)
    if not caller.administers:
        managed = caller.actor.tenants_with("manage-members")
        if not managed:
            return [caller.actor.name]
        members = select(Membership.user_id).join(Membership.tenant).where(Tenant.slug.in_(managed))
        query = query.where(User.id.in_(members) | (User.username == caller.actor.name))
    return list(await session.scalars(query))
