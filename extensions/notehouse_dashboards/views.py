"""A page view: the token of its frame, and what that token still opens."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload
from tornado.httputil import HTTPServerRequest

from notehouse_core.errors import Forbidden, NotFound
from notehouse_core.store import links
from notehouse_core.store.models import Snapshot
from notehouse_core.store.viewing import View, view_of, view_of_link
from notehouse_core.tokens import FRAME, VIEW, Claims
from notehouse_dashboards.resources import Resources

FRAME_SECONDS = 900
RIGHTS_SECONDS = 20.0  # between two looks at whether an open page may go on


def frame_token(resources: Resources, username: str, view: View) -> str:
    """The token of one page view: opens this dashboard's frame and websocket, never SQL."""
    claims = Claims(
        subject=username,
        tenant=view.dashboard.tenant.slug,
        access_class=view.access_class,
        purpose=VIEW,
        audience=(FRAME,),
        object=str(view.dashboard.id),
        expires_at=int(time.time()) + FRAME_SECONDS,
    )
    return resources.frames.sign(claims)


def query_of(request: HTTPServerRequest) -> dict[str, list[str]]:
    """The words behind an address's question mark."""
    return parse_qs(request.query, max_num_fields=200)


async def viewed(
    resources: Resources, claims: Claims, tenant: str, slug: str, query: Mapping[str, Sequence[str]]
) -> View:
    """What a frame's token opens now, with the filters that `query` sets; rights are asked anew.

    Raises NotFound, Forbidden, or Invalid for a filter's value.
    """

    async def ask() -> View:
        async with resources.database.session() as session:
            return (await _seen(session, claims, tenant, slug, query, drawn=False))[0]

    chosen = tuple((name, tuple(values)) for name, values in sorted(query.items()) if name != "token")
    return await resources.views.of((claims.subject, claims.tenant, claims.object, tenant, slug, chosen), ask)


async def shown_to(
    resources: Resources, claims: Claims, tenant: str, slug: str, query: Mapping[str, Sequence[str]]
) -> Snapshot:
    """The snapshot that a frame's token opens now, with the filters that `query` sets; rights are asked anew.

    Raises NotFound, Forbidden, or Invalid for a filter's value.
    """
    return (await framed(resources, claims, tenant, slug, query))[0]


async def check_rights(resources: Resources, claims: Claims, tenant: str, slug: str) -> None:
    """Raise NotFound or Forbidden when whoever a frame's token names may not see the same rows any more."""
    async with resources.database.session() as session:
        view, _ = await _seen(session, claims, tenant, slug, {}, drawn=False)
    if view.access_class != claims.access_class:
        raise Forbidden("Your rights have changed.")


async def framed(
    resources: Resources, claims: Claims, tenant: str, slug: str, query: Mapping[str, Sequence[str]]
) -> tuple[Snapshot, list[str]]:
    """The same with the sites around that may show it, which a link names; no query changes what a link shows."""
    async with resources.database.session() as session:
        view, ancestors = await _seen(session, claims, tenant, slug, query)
        if view.snapshot is None or view.snapshot.status != "ready":
            raise NotFound("This dashboard is not ready.")
        found = select(Snapshot).where(Snapshot.id == view.snapshot.id)
        return (await session.scalars(found.options(selectinload(Snapshot.version)))).one(), ancestors


async def _seen(
    session: AsyncSession,
    claims: Claims,
    tenant: str,
    slug: str,
    query: Mapping[str, Sequence[str]],
    *,
    drawn: bool = True,
) -> tuple[View, list[str]]:
    """What somebody or a link sees, and the sites that may show it."""
    ancestors: list[str] = []
    if claims.subject.startswith(links.SUBJECT):
        view, _, ancestors = await view_of_link(session, subject=claims.subject, drawn=drawn)
    else:
        view = await view_of(session, claims.subject, tenant, slug, query, redrawn=True, drawn=drawn)
    if (claims.tenant, claims.object) != (tenant, str(view.dashboard.id)):
        raise Forbidden("This token is for another dashboard.")
    return view, ancestors
