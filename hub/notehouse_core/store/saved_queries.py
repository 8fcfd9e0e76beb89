"""Saved queries: which someone may read, found and decided on by the policy's rules."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from notehouse_core.policy import Actor, Decision, Resource, decide
from notehouse_core.store.models import SavedQuery, Tenant, User

KIND = "saved-query"


def loaded() -> Select[SavedQuery]:
    """Every saved query that is not deleted, with what the policy needs to decide."""
    return (
        select(SavedQuery)
        .join(SavedQuery.tenant)
        .where(SavedQuery.deleted_at.is_(None), Tenant.is_active)
        .options(
            selectinload(SavedQuery.tenant),
            selectinload(SavedQuery.owner),
            selectinload(SavedQuery.data_source),
        )
    )


def visible_to(actor: Actor) -> Select[SavedQuery]:
    """Those that somebody may know of: to read, and all of them for the platform admin."""
    if actor.platform_admin and actor.purpose is None:
        return loaded()
    return loaded().where(or_(false(), *(_visible_in(actor, tenant) for tenant in actor.tenants)))


def _visible_in(actor: Actor, tenant: str) -> ColumnElement[bool]:
    actions, here = actor.actions_in(tenant), Tenant.slug == tenant
    if "run-sql" not in actions:
        return false()
    if "manage-tenant" in actions:
        return here
    return here & (SavedQuery.is_public | SavedQuery.owner.has(User.username == actor.name))


async def find(
    session: AsyncSession, actor: Actor, query_id: UUID, *, lock: bool = False
) -> SavedQuery | None:
    """One that this actor may know of; with `lock`, held until the transaction ends."""
    query = visible_to(actor).where(SavedQuery.id == query_id)
    query = query.with_for_update(of=SavedQuery) if lock else query
    return (await session.scalars(query)).one_or_none()


def decision(actor: Actor, wanted: str, one: SavedQuery) -> Decision:
    """May this actor `view` or `edit` a loaded saved query?"""
    resource = Resource(one.tenant.slug, KIND, owner=one.owner.username, is_public=one.is_public)
    return decide(actor, wanted, resource)
