"""What somebody sees of a dashboard right now: rights first, then the snapshot of their class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.errors import Forbidden, NotFound
from notehouse_core.filters import Filter, chosen_of
from notehouse_core.store import dashboards, links, people, renderings
from notehouse_core.store.models import Dashboard, DashboardVersion, Snapshot
from notehouse_core.store.plan import class_of
from notehouse_core.tile_plan import Plan

_NONE = "There is no such dashboard, or none that you may know of."


@dataclass(frozen=True)
class View:
    """A dashboard as one person sees it; without `snapshot` it is not ready for them."""

    dashboard: Dashboard
    newest: DashboardVersion | None
    access_class: str
    snapshot: Snapshot | None
    may_edit: bool
    filters: tuple[Filter, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """A view, the sites around that may show it, which a link names, and how many of its comments are open."""

    view: View
    ancestors: list[str] = field(default_factory=list)
    comments: int = 0


async def view_of(
    session: AsyncSession,
    username: str,
    tenant: str,
    slug: str,
    query: Mapping[str, Sequence[str]] | None = None,
    *,
    redrawn: bool = False,
    drawn: bool = True,
) -> View:
    """What somebody sees, with the filters that the address's `query` sets.

    With `redrawn`, the page itself brings its tiles to the filters that SQL alone answers: the snapshot leaves those as
    they were published, so that no choice of them runs Python. Without `drawn`, no snapshot is looked for or asked for.

    Raises NotFound for what they may not know of, Forbidden for the platform admin, Invalid for a filter's value.
    """
    user = await people.find_user(session, username)
    dashboard = await dashboards.find(session, f"{tenant}:{slug}")
    if user is None or dashboard is None:
        raise NotFound(_NONE)
    actor = people.actor_of(user)
    if not dashboards.decision(actor, "view", dashboard):
        if actor.platform_admin:
            raise Forbidden(
                "The platform admin belongs to no tenant, and a dashboard shows a tenant's rows. "
                "Log in as a member of the tenant to see it."
            )
        raise NotFound(_NONE)
    access_class = (await class_of(session, username, tenant)).id
    versions = await dashboards.versions_of(session, dashboard)
    if dashboard.published_version is None and versions and versions[0].state == "rendering":
        await dashboards.request_snapshots(session, dashboard, versions[0])
    filters, parameters = _filtered(dashboard.published_version, query or {})
    return View(
        dashboard,
        versions[0] if versions else None,
        access_class,
        await _snapshot(session, dashboard, access_class, _run_with(dashboard, parameters, redrawn))
        if drawn
        else None,
        bool(dashboards.decision(actor, "edit", dashboard)),
        filters,
        parameters,
    )


async def view_of_link(
    session: AsyncSession, *, secret: str = "", subject: str = "", drawn: bool = True
) -> tuple[View, str, list[str]]:
    """What a link shows, in whose name a page of it is, and the sites that may show it; `drawn` as for `view_of`.

    Raises NotFound.
    """
    if secret:
        link, dashboard = await links.opened_by(session, secret)
    else:
        link, dashboard = await links.named_by(session, subject)
    version = dashboard.published_version
    parameters = {**(version.parameters if version else {}), **link.parameters}
    snapshot = await _snapshot(session, dashboard, link.access_class, parameters) if drawn else None
    view = View(dashboard, version, link.access_class, snapshot, False, (), parameters)
    return view, links.subject(link), link.frame_ancestors


def _filtered(
    version: DashboardVersion | None, query: Mapping[str, Sequence[str]]
) -> tuple[tuple[Filter, ...], dict[str, Any]]:
    """The filters of a version, and its parameters with what the address chooses."""
    if version is None:
        return (), {}
    filters = tuple(Filter.of_json(one) for one in version.layout.get("filters", []))
    return filters, {**version.parameters, **chosen_of(filters, query)}


def _run_with(dashboard: Dashboard, parameters: dict[str, Any], redrawn: bool) -> dict[str, Any]:
    """The parameters that the notebook is run with."""
    version = dashboard.published_version
    plan = Plan.of_json(version.layout.get("plan")) if version and redrawn else None
    if version is None or plan is None:
        return parameters
    return {
        name: version.parameters[name] if plan.by_sql(name) else value for name, value in parameters.items()
    }


async def _snapshot(
    session: AsyncSession, dashboard: Dashboard, access_class: str, parameters: dict[str, Any]
) -> Snapshot | None:
    """The snapshot of a class; asked for where there is none yet, as for somebody new or a new choice."""
    version = dashboard.published_version
    if version is None:
        return None
    query = select(Snapshot).where(
        Snapshot.version_id == version.id,
        Snapshot.access_class == access_class,
        Snapshot.parameters_hash == dashboards.parameters_hash(parameters),
    )
    found = await session.scalar(query)
    if found is not None:
        if found.status == "failed":
            await renderings.try_again(session, found)
        return found
    if parameters == version.parameters:
        await dashboards.request_snapshots(session, dashboard, version)
    else:
        await dashboards.request_combination(session, version, access_class, parameters)
    return await session.scalar(query)
