"""The portal's pages on tenants: all of them, and of one its figures, usage and limits."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import func, select

from notehouse_core import errors
from notehouse_core.branding import Branding
from notehouse_core.store.models import DataSource, Membership, Role, Tenant
from notehouse_core.tokens import class_subject
from notehouse_hub.service.api import quotas, tenant_usage, tenants
from notehouse_hub.service.etags import etag_of
from notehouse_hub.service.identity import Caller
from notehouse_hub.service.pagination import PageDep
from notehouse_hub.service.portal.art import art_of
from notehouse_hub.service.portal.rendering import render
from notehouse_hub.service.portal.visitor import PageCallerDep, visitor_of
from notehouse_hub.service.resources import PREFIX, ResourcesDep, SessionDep

router = APIRouter(include_in_schema=False)

_WIDTH, _HEIGHT, _GAP = 600, 120, 3
_MOST_PEOPLE = 8
_CLASS, _BY_ITSELF = class_subject(""), "Dashboards, made ahead"


@dataclass(frozen=True)
class Tab:
    """A page of a tenant."""

    name: str
    label: str
    href: str


@dataclass(frozen=True)
class Bar:
    """A day in the picture of usage."""

    x: float
    y: float
    width: float
    height: float
    title: str


def tabs_of(caller: Caller, slug: str) -> list[Tab]:
    """What somebody may open of a tenant."""
    mine = caller.actor.actions_in(slug)
    found = (
        ("overview", "Overview", "", "manage-tenant"),
        ("members", "Members", "/members", "manage-members"),
        ("roles", "Roles", "/roles", "manage-roles"),
        ("limits", "Limits", "/limits", "manage-tenant"),
    )
    return [
        Tab(name, label, f"{PREFIX}/tenants/{slug}{path}")
        for name, label, path, action in found
        if caller.administers or action in mine
    ]


@router.get("/tenants")
async def tenant_list(
    request: Request, caller: PageCallerDep, session: SessionDep, wanted: PageDep
) -> Response:
    """List the tenants that the caller may look after."""
    found = await tenants.tenants(caller, session, wanted)
    managed = [one for one in found.items if caller.administers or tabs_of(caller, one.slug)]
    if not managed and not caller.administers:
        raise errors.Forbidden("Tenants are for those who administer one. Ask an admin of yours.")
    people = await _counted(session, Membership)
    return render(
        request,
        "tenants.html",
        visitor_of(caller),
        here="tenants",
        tenants=[
            {
                **one.model_dump(),
                "art": art_of(one.slug, one.name),
                "members": people.get(one.slug, 0),
                "href": _first_tab(caller, one.slug),
            }
            for one in managed
        ],
        administers=caller.administers,
        total=found.pagination.total,
        search=wanted.search,
        page=wanted.page,
        pages=ceil(found.pagination.total / wanted.limit),
    )


@router.get("/tenants/{slug}")
async def overview(
    slug: str, request: Request, caller: PageCallerDep, session: SessionDep, resources: ResourcesDep
) -> Response:
    """Show a tenant: how large it is, and what its people's queries cost."""
    found = await tenants.tenant_of(session, caller, slug)
    caller.require("manage-tenant", slug)
    used = await tenant_usage.usage(slug, caller, session, resources)
    return render(
        request,
        "tenant.html",
        visitor_of(caller),
        here="tenants",
        **frame_of(caller, found, "overview"),
        counts={
            "members": (await _counted(session, Membership)).get(slug, 0),
            "roles": (await _counted(session, Role)).get(slug, 0),
            "sources": (await _counted(session, DataSource)).get(slug, 0),
        },
        look=Branding.of(found.settings),
        usage=used,
        days=_bars(used),
        people=_people(used),
        administers=caller.administers,
    )


@router.get("/tenants/{slug}/limits")
async def limits(
    slug: str, request: Request, caller: PageCallerDep, session: SessionDep, resources: ResourcesDep
) -> Response:
    """Show what everybody in a tenant may use at most."""
    found = await tenants.tenant_of(session, caller, slug)
    caller.require("manage-tenant", slug)
    shown = quotas.shown(found, resources)
    return render(
        request,
        "limits.html",
        visitor_of(caller),
        here="tenants",
        **frame_of(caller, found, "limits"),
        limits=[
            {
                "name": name,
                "label": name.replace("_", " ").capitalize(),
                "of": field.description,
                "set": getattr(shown.set, name),
                "effective": getattr(shown.effective, name),
            }
            for name, field in quotas.Quotas.model_fields.items()
        ],
        etag=etag_of(shown),
        administers=caller.administers,
    )


def frame_of(caller: Caller, tenant: Tenant, tab: str) -> dict[str, Any]:
    """What the frame of a tenant's pages needs."""
    return {"tenant": tenant, "tabs": tabs_of(caller, tenant.slug), "tab": tab}


def _first_tab(caller: Caller, slug: str) -> str:
    return next(iter(tabs_of(caller, slug))).href


async def _counted(
    session: SessionDep, kind: type[Membership] | type[Role] | type[DataSource]
) -> dict[str, int]:
    """How many there are by tenant; of memberships, the people."""
    what = func.count(Membership.user_id.distinct()) if kind is Membership else func.count()
    rows = await session.execute(
        select(Tenant.slug, what).join(kind, kind.tenant_id == Tenant.id).group_by(Tenant.slug)
    )
    return dict(row._tuple() for row in rows)


def _bars(used: tenant_usage.Usage) -> list[Bar]:
    """Queries by day, every day of the time that is shown."""
    by_day: Counter[date] = Counter()
    for one in used.items:
        by_day[one.day] += one.queries
    count = (used.until - used.since).days + 1
    most, step = max(by_day.values(), default=0) or 1, _WIDTH / count
    bars = []
    for index in range(count):
        day = used.since + timedelta(index)
        height = by_day[day] / most * (_HEIGHT - 4)
        title = f"{day:%d %B}: {by_day[day]:,} queries"
        bars.append(Bar(index * step, _HEIGHT - height, step - _GAP, max(height, 1), title))
    return bars


def _people(used: tenant_usage.Usage) -> list[dict[str, Any]]:
    """Who asked most, in this time."""
    found: dict[str, Counter[str]] = {}
    for one in used.items:
        name = _BY_ITSELF if one.user.startswith(_CLASS) else one.user
        found.setdefault(name, Counter()).update(
            queries=one.queries, failed=one.failed, rows=one.rows_read, bytes=one.bytes_read
        )
    most = sorted(found.items(), key=lambda each: -each[1]["queries"])[:_MOST_PEOPLE]
    return [{"name": name, **counts} for name, counts in most]
