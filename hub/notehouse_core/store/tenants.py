"""Tenants by their slug: made with the built-in roles, changed, closed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.access import LIMITS
from notehouse_core.errors import Conflict, Invalid, NotFound
from notehouse_core.policy import ROLES
from notehouse_core.store import tokens
from notehouse_core.store.models import Permission, Role, Tenant
from notehouse_core.store.people import TENANT_RESOURCE
from notehouse_core.store.users import announce

SLUG = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# Words that stand in addresses and databases where a tenant's slug does, or that people would take for the platform.
RESERVED = frozenset(
    {"admin", "all", "api", "default", "health", "information-schema", "metrics", "none", "notehouse", "platform"}
    | {"public", "static", "system"}
)  # fmt: skip


async def find_tenant(session: AsyncSession, slug: str, *, closed: bool = False) -> Tenant:
    """An active tenant, or also one that was closed. Raises NotFound."""
    found = await session.scalar(select(Tenant).where(Tenant.slug == slug))
    if found is None or not (found.is_active or closed):
        raise NotFound("There is no such tenant.")
    return found


async def lock_tenant(session: AsyncSession, tenant: Tenant) -> None:
    """Let one transaction at a time change who may do what in a tenant; what was loaded of it is read again."""
    await session.refresh(tenant, ["name", "settings", "is_active"], with_for_update=True)


async def create(
    session: AsyncSession, slug: str, name: str, quotas: Mapping[str, int] | None = None
) -> Tenant:
    """Make a tenant with its built-in roles, that read no data yet. Raises Invalid, or Conflict for a known slug."""
    check_slug(slug)
    if await session.scalar(select(Tenant.id).where(Tenant.slug == slug)) is not None:
        raise Conflict(f"There is, or was, a tenant {slug}. Choose another slug.")
    settings: dict[str, Any] = {"quotas": checked_limits(quotas)} if quotas else {}
    tenant = Tenant(slug=slug, name=name, settings=settings)
    session.add(tenant)
    await session.flush()
    for role_name, actions in ROLES.items():
        role = Role(tenant_id=tenant.id, name=role_name, is_builtin=True)
        role.permissions = [
            Permission(tenant_id=tenant.id, resource=TENANT_RESOURCE, action=action) for action in actions
        ]
        session.add(role)
    await session.flush()
    return tenant


async def change(
    session: AsyncSession,
    tenant: Tenant,
    *,
    name: str | None = None,
    quotas: Mapping[str, int] | None = None,
    is_active: bool | None = None,
) -> None:
    """Change what is given; what is None stays. `quotas` replace all there were; closing ends the tenant's tokens."""
    if name is not None:
        tenant.name = name
    if quotas is not None:
        tenant.settings = {**tenant.settings, "quotas": checked_limits(quotas)}
    if is_active is False and tenant.is_active:
        await deactivate(session, tenant)
    elif is_active is not None:
        tenant.is_active = is_active
    await session.flush()
    await announce(session)


async def deactivate(session: AsyncSession, tenant: Tenant) -> None:
    """Close a tenant: nobody reads its data or enters it, its tokens end; what was made in it stays."""
    tenant.is_active = False
    await session.flush()
    await tokens.revoke_all(session, tenant_id=tenant.id)


def check_slug(slug: str) -> None:
    """Raise Invalid unless this can be a tenant's slug: small letters, digits and hyphens, at most 63, not reserved."""
    if not re.fullmatch(SLUG, slug):
        raise _wrong("slug", "A slug has small letters, digits and hyphens between them, at most 63.")
    if slug in RESERVED or slug.startswith("nh-"):
        raise _wrong("slug", f"The slug {slug} is the platform's own. Choose another.")


def checked_limits(limits: Mapping[str, int] | None) -> dict[str, int]:
    """Limits (or quotas) as they are stored. Raises Invalid for one that does not exist, or is below 1."""
    for name, value in (limits or {}).items():
        if name not in LIMITS:
            raise _wrong(f"limits.{name}", f"There is no limit {name}; there are {', '.join(LIMITS)}.")
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 2**53:
            raise _wrong(f"limits.{name}", f"The limit {name} must be a whole number from 1 to 2^53.")
    return dict(limits or {})


def _wrong(field: str, message: str) -> Invalid:
    return Invalid(message, fields=[{"field": field, "message": message}])
