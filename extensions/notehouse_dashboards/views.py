"""A page view: the token of its frame, and what that token still opens."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs

from sqlalchemy.ext.asyncio import AsyncSession
from tornado.httputil import HTTPServerRequest

from notehouse_core.errors import Forbidden, NotFound
from notehouse_core.store import comments, links
from notehouse_core.store.models import Snapshot
from notehouse_core.store.viewing import Seen, View, view_of, view_of_link
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


async def seen_by(
    resources: Resources, username: str, tenant: str, slug: str, query: Mapping[str, Sequence[str]]
) -> Seen:
    """What somebody sees at this moment with the filters that `query` sets. Raises NotFound, Forbidden or Invalid."""

    async def ask(session: AsyncSession) -> Seen:
        view = await view_of(session, username, tenant, slug, query, redrawn=True)
        return Seen(view, comments=await comments.open_ones(session, view.dashboard))

    return await resources.seen.of((username, tenant, slug, _chosen(query)), ask)


async def viewed(
    resources: Resources, claims: Claims, tenant: str, slug: str, query: Mapping[str, Sequence[str]]
) -> View:
    """What a frame's token opens now, with the filters that `query` sets; rights are those of this moment.

    Raises NotFound, Forbidden, or Invalid for a filter's value.
    """
    return (await _seen(resources, claims, tenant, slug, query, drawn=False)).view


async def shown_to(
    resources: Resources, claims: Claims, tenant: str, slug: str, query: Mapping[str, Sequence[str]]
) -> Snapshot:
    """The snapshot that a frame's token opens now, with the filters that `query` sets; rights are those of this moment.

    Raises NotFound, Forbidden, or Invalid for a filter's value.
    """
    return (await framed(resources, claims, tenant, slug, query))[0]


async def check_rights(resources: Resources, claims: Claims, tenant: str, slug: str) -> None:
    """Raise NotFound or Forbidden when whoever a frame's token names may not see the same rows any more."""
    view = await viewed(resources, claims, tenant, slug, {})
    if view.access_class != claims.access_class:
        raise Forbidden("Your rights have changed.")


async def framed(
    resources: Resources, claims: Claims, tenant: str, slug: str, query: Mapping[str, Sequence[str]]
) -> tuple[Snapshot, list[str]]:
    """The same with the sites around that may show it, which a link names; no query changes what a link shows."""
    seen = await _seen(resources, claims, tenant, slug, query, drawn=True)
    snapshot = seen.view.snapshot
    if snapshot is None or not snapshot.is_shown:
        raise NotFound("This dashboard is not ready.")
    return snapshot, seen.ancestors


async def _seen(
    resources: Resources,
    claims: Claims,
    tenant: str,
    slug: str,
    query: Mapping[str, Sequence[str]],
    *,
    drawn: bool,
) -> Seen:
    """What somebody or a link sees, and the sites that may show it; with `drawn`, its snapshot with its version."""
    key = (claims.subject, claims.tenant, claims.object, tenant, slug, _chosen(query), drawn)
    of_link = claims.subject.startswith(links.SUBJECT)

    async def ask(session: AsyncSession) -> Seen:
        if of_link:
            view, _, ancestors = await view_of_link(session, subject=claims.subject, drawn=drawn)
            seen = Seen(view, ancestors)
        else:
            view = await view_of(session, claims.subject, tenant, slug, query, redrawn=True, drawn=drawn)
            seen = Seen(view)
        if (claims.tenant, claims.object) != (tenant, str(view.dashboard.id)):
            raise Forbidden("This token is for another dashboard.")
        if view.snapshot is not None:
            await session.refresh(view.snapshot, ["version"])
        return seen

    async def ask_alone() -> Seen:
        async with resources.database.session() as session:
            return await ask(session)

    # A link ends by its date, which changes nothing in the tables.
    return await (resources.linked.of(key, ask_alone) if of_link else resources.seen.of(key, ask))


def _chosen(query: Mapping[str, Sequence[str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((name, tuple(values)) for name, values in sorted(query.items()) if name != "token")
