"""Tenants by their slug."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.errors import NotFound
from notehouse_core.store.models import Tenant


async def find_tenant(session: AsyncSession, slug: str) -> Tenant:
    """An active tenant. Raises NotFound."""
    found = await session.scalar(select(Tenant).where(Tenant.slug == slug, Tenant.is_active))
    if found is None:
        raise NotFound("There is no such tenant.")
    return found
