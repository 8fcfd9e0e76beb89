"""The portal's first page: favourites, what one opened last, and every dashboard to search."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.settings import DASHBOARDS_PREFIX
from notehouse_core.store import dashboards as store
from notehouse_core.store import preferences, thumbnails
from notehouse_core.store.models import Dashboard
from notehouse_hub.service.identity import Caller
from notehouse_hub.service.pagination import PageDep, fetch_page
from notehouse_hub.service.portal.art import Art, art_of
from notehouse_hub.service.portal.badge import Badge
from notehouse_hub.service.portal.rendering import render
from notehouse_hub.service.portal.visitor import PageCallerDep, visitor_of
from notehouse_hub.service.resources import API_PREFIX, PREFIX, Resources, ResourcesDep, SessionDep

router = APIRouter(include_in_schema=False)

_ON_A_PAGE = 24
_MOST_TAGS, _TAGS_LOOKED_AT = 12, 2000
_MOST_FAVOURITES, _MOST_RECENT = 12, 4


@dataclass(frozen=True)
class Card:
    """A dashboard in the list."""

    id: UUID
    name: str
    description: str
    tags: list[str]
    tenant: str
    href: str
    details: str
    art: Art
    picture: str
    badge: Badge | None
    fresh_at: datetime | None
    is_favourite: bool


@router.get("/")
async def home(
    request: Request,
    caller: PageCallerDep,
    session: SessionDep,
    resources: ResourcesDep,
    wanted: PageDep,
    tag: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """List the dashboards that somebody may open."""
    query, mine = store.visible_to(caller.actor), await preferences.remembered(session, caller.person)
    found, total = await fetch_page(
        session,
        query.where(Dashboard.tags.contains([tag])) if tag else query,
        wanted.model_copy(update={"limit": _ON_A_PAGE}),
        searched=(Dashboard.name, Dashboard.description, Dashboard.slug, func.array_to_string(Dashboard.tags, " ")),
        sorts={"name": Dashboard.name},
    )  # fmt: skip
    favourites, recent = mine.favourites[:_MOST_FAVOURITES], mine.recent[:_MOST_RECENT]
    kept = await _these(session, caller, {*favourites, *recent})
    pictures = await _pictures(session, [*found, *kept.values()], caller, resources)

    def cards(of: Iterable[Dashboard]) -> list[Card]:
        return [_card(one, caller, pictures, is_favourite=one.id in mine.favourites) for one in of]

    return render(
        request,
        "home.html",
        visitor_of(caller),
        here="dashboards",
        cards=cards(found),
        total=total,
        known=total if not (tag or wanted.search) else await _count(session, query),
        search=wanted.search,
        tag=tag,
        tags=await _tags(session, caller),
        favourites=cards(kept[one] for one in favourites if one in kept),
        recent=cards(kept[one] for one in recent if one in kept),
        page=wanted.page,
        pages=ceil(total / _ON_A_PAGE),
    )


def address_of(one: Dashboard) -> str:
    """Where a dashboard is looked at."""
    return f"{DASHBOARDS_PREFIX}/{one.tenant.slug}/{one.slug}"


async def _count(session: AsyncSession, query: Select[Dashboard]) -> int:
    return await session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0


async def _these(session: AsyncSession, caller: Caller, ids: set[UUID]) -> dict[UUID, Dashboard]:
    """Dashboards by their ids; what is gone, or may not be seen any more, is left out."""
    if not ids:
        return {}
    found = await session.scalars(store.visible_to(caller.actor).where(Dashboard.id.in_(ids)))
    return {one.id: one for one in found}


async def _tags(session: AsyncSession, caller: Caller) -> list[str]:
    """The tags used most among what somebody may open."""
    known = store.visible_to(caller.actor).with_only_columns(Dashboard.tags).limit(_TAGS_LOOKED_AT).subquery()
    word = func.unnest(known.c.tags).label("word")
    used = select(word, func.count().label("uses")).group_by(word).order_by(func.count().desc(), word)
    return list(await session.scalars(used.limit(_MOST_TAGS)))


async def _pictures(
    session: AsyncSession, found: list[Dashboard], caller: Caller, resources: Resources
) -> dict[UUID, str]:
    """The pictures of dashboards by their ids, of the rows that this person reads, of nobody else's."""
    plan, name = await resources.access_plan(session), caller.person.username
    classes = {one.id: plan.class_of(name, one.tenant.slug) for one in found}
    seen = {one.published_version_id: held.id for one in found if (held := classes[one.id])}
    versions = await thumbnails.shown(session, {one: held for one, held in seen.items() if one})
    return {one.id: versions.get(one.published_version_id, "") for one in found if one.published_version_id}


def _card(one: Dashboard, caller: Caller, pictures: Mapping[UUID, str], *, is_favourite: bool) -> Card:
    version = one.published_version
    editable = store.decision(caller.actor, "edit", one)
    picture = pictures.get(one.id, "")
    return Card(
        id=one.id,
        name=one.name,
        description=one.description,
        tags=one.tags,
        tenant=one.tenant.name,
        href=address_of(one),
        details=f"{PREFIX}/dashboards/{one.id}" if editable else "",
        art=art_of(str(one.id), one.name),
        picture=f"{API_PREFIX}/dashboards/{one.id}/thumbnail?at={picture[:16]}" if picture else "",
        badge=None if version else Badge("busy", "not ready yet"),
        fresh_at=version.updated_at if version else None,
        is_favourite=is_favourite,
    )
