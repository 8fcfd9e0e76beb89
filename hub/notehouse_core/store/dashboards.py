"""Dashboards: which someone may see, their versions, and the snapshots that publishing asks for."""

from __future__ import annotations

import hashlib
import json
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, any_, delete, false, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from notehouse_core.errors import TooMany
from notehouse_core.ids import uuid7
from notehouse_core.policy import Actor, Decision, Grant, Resource, decide
from notehouse_core.store.models import (
    Dashboard,
    DashboardPermission,
    DashboardVersion,
    Role,
    Snapshot,
    Tenant,
    User,
)
from notehouse_core.store.people import actor_of, members_of
from notehouse_core.store.plan import load_access_plan

CHANNEL = "notehouse_snapshots"
_LISTED = ("id", "slug", "name", "description", "tags", "is_public", "created_at", "updated_at")
_Query = TypeVar("_Query", bound=Select[Any])
MOST_COMBINATIONS = 500  # choices of a version whose snapshots are kept
MOST_WAITING = 8  # choices of one class being made at a time


def parameters_hash(parameters: dict[str, Any]) -> str:
    """Fingerprint of parameter values: 64 hex characters, equal for equal values in any order."""
    canonical = json.dumps(parameters, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def loaded() -> Select[Dashboard]:
    """Every dashboard that is not deleted, with what the policy needs to decide."""
    permissions = selectinload(Dashboard.permissions)
    return _living().options(
        contains_eager(Dashboard.tenant),
        joinedload(Dashboard.owner, innerjoin=True),
        joinedload(Dashboard.published_version),
        permissions.joinedload(DashboardPermission.user),
        permissions.joinedload(DashboardPermission.role),
    )


def _living() -> Select[Dashboard]:
    return select(Dashboard).join(Dashboard.tenant).where(Dashboard.deleted_at.is_(None), Tenant.is_active)


def visible_to(actor: Actor) -> Select[Dashboard]:
    """The dashboards somebody may know of: those to view, and all of them for the platform admin."""
    return _seen_by(actor, loaded())


def listed_to(actor: Actor) -> Select[Any]:
    """The same as rows of what a list shows: with names of `tenant` and `owner`, the number of the `version`."""
    owner = select(User.username).where(User.id == Dashboard.owner_id)
    version = select(DashboardVersion.number).where(DashboardVersion.id == Dashboard.published_version_id)
    shown = (
        *(getattr(Dashboard, name) for name in _LISTED),
        Tenant.slug.label("tenant"),
        owner.scalar_subquery().label("owner"),
        version.scalar_subquery().label("version"),
    )
    return _seen_by(actor, _living().with_only_columns(*shown))


def _seen_by(actor: Actor, query: _Query) -> _Query:
    if actor.platform_admin and actor.purpose is None:
        return query
    return query.where(or_(false(), *(_visible_in(actor, tenant) for tenant in actor.tenants)))


def _visible_in(actor: Actor, tenant: str) -> ColumnElement[bool]:
    actions = actor.actions_in(tenant)
    # Each of these is looked up once for a statement, not once for a dashboard.
    place = select(Tenant.id).where(Tenant.slug == tenant).scalar_subquery()
    here = Dashboard.tenant_id == place
    if "view-dashboards" not in actions:
        return false()
    if "manage-tenant" in actions:
        return here
    me = select(User.id).where(User.username == actor.name).scalar_subquery()
    roles = select(Role.id).where(Role.tenant_id == place, Role.name.in_(actor.roles_in(tenant)))
    shared = select(DashboardPermission.dashboard_id)
    return here & (
        Dashboard.is_public
        | (Dashboard.owner_id == me)
        | Dashboard.id.in_(shared.where(DashboardPermission.user_id == me))
        | Dashboard.id.in_(
            shared.where(DashboardPermission.role_id == any_(func.array(roles.scalar_subquery())))
        )
    )


async def find(session: AsyncSession, reference: str, *, lock: bool = False) -> Dashboard | None:
    """A dashboard by its id or `tenant:slug`; with `lock`, held until the transaction ends."""
    tenant, colon, slug = reference.partition(":")
    query = loaded()
    if colon:
        query = query.where(Tenant.slug == tenant, Dashboard.slug == slug)
    else:
        try:
            query = query.where(Dashboard.id == UUID(reference))
        except ValueError:
            return None
    if lock:
        query = query.with_for_update(of=Dashboard)
    return (await session.scalars(query)).one_or_none()


def decision(actor: Actor, wanted: str, dashboard: Dashboard) -> Decision:
    """May this actor `view`, `edit`, `share` or `admin` a loaded dashboard?"""
    grants = [
        Grant(
            one.permission_type,
            user=one.user.username if one.user else None,
            role=one.role.name if one.role else None,
        )
        for one in dashboard.permissions
    ]
    resource = Resource(
        dashboard.tenant.slug,
        "dashboard",
        owner=dashboard.owner.username,
        is_public=dashboard.is_public,
    )
    return decide(actor, wanted, resource, grants)


async def add_version(session: AsyncSession, dashboard: Dashboard, **content: Any) -> DashboardVersion:
    """The next version of a dashboard that is locked, in state `rendering`."""
    newest = await session.scalar(
        select(func.max(DashboardVersion.number)).where(DashboardVersion.dashboard_id == dashboard.id)
    )
    version = DashboardVersion(
        tenant_id=dashboard.tenant_id, dashboard_id=dashboard.id, number=(newest or 0) + 1, **content
    )
    session.add(version)
    await session.flush()
    return version


async def versions_of(session: AsyncSession, dashboard: Dashboard) -> list[DashboardVersion]:
    """All versions, newest first, with their authors."""
    query = select(DashboardVersion).where(DashboardVersion.dashboard_id == dashboard.id)
    query = query.options(selectinload(DashboardVersion.author)).order_by(DashboardVersion.number.desc())
    return list(await session.scalars(query))


async def viewing_classes(session: AsyncSession, dashboard: Dashboard) -> set[str]:
    """The access classes of everyone who may view a dashboard now."""
    tenant = dashboard.tenant.slug
    plan = await load_access_plan(session, tenant=tenant)
    viewers = [
        user for user in await members_of(session, tenant) if decision(actor_of(user), "view", dashboard)
    ]
    found = {plan.members.get((user.username, tenant)) for user in viewers}
    return {one for one in found if one}


async def request_snapshots(session: AsyncSession, dashboard: Dashboard, version: DashboardVersion) -> None:
    """Ask for a snapshot for each class that may view; those that exist stay."""
    for access_class in sorted(await viewing_classes(session, dashboard)):
        await request_one(session, version, access_class, version.parameters)
    await session.execute(text(f"NOTIFY {CHANNEL}"))


async def request_combination(
    session: AsyncSession, version: DashboardVersion, access_class: str, parameters: dict[str, Any]
) -> None:
    """Ask for the snapshot of what a viewer chose in the filters; of many, the oldest choices are forgotten."""
    chosen = (
        Snapshot.version_id == version.id,
        Snapshot.parameters_hash != parameters_hash(version.parameters),
    )
    waiting = await session.scalar(
        select(func.count()).where(
            *chosen,
            Snapshot.access_class == access_class,
            Snapshot.status.in_(("pending", "rendering")),
            Snapshot.artifact.is_(None),
        )
    )
    if (waiting or 0) >= MOST_WAITING:
        raise TooMany(
            "Many choices of this dashboard are being made already. Try this one again in a moment."
        )
    ended = select(Snapshot.id).where(*chosen, Snapshot.status.in_(("ready", "failed")))
    forgotten = ended.order_by(Snapshot.created_at.desc()).offset(MOST_COMBINATIONS - 1)
    await session.execute(delete(Snapshot).where(Snapshot.id.in_(forgotten)))
    await request_one(session, version, access_class, parameters)
    await session.execute(text(f"NOTIFY {CHANNEL}"))


async def request_one(
    session: AsyncSession,
    version: DashboardVersion,
    access_class: str,
    parameters: dict[str, Any],
    key: str = "",
    watermark: str = "",
) -> None:
    """Put a snapshot on the list, unless it is there; `key` stands in the place of the parameters' fingerprint."""
    row = insert(Snapshot).values(
        id=uuid7(),
        tenant_id=version.tenant_id,
        version_id=version.id,
        access_class=access_class,
        parameters=parameters,
        parameters_hash=key or parameters_hash(parameters),
        watermark=watermark,
    )
    await session.execute(row.on_conflict_do_nothing())
