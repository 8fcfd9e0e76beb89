"""Tenants: those the caller belongs to, and all of them for the platform admin, who makes and closes them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Path
from pydantic import BaseModel, Field
from sqlalchemy import select

from notehouse_core import errors
from notehouse_core.settings import required
from notehouse_core.store import tenants as store
from notehouse_core.store.models import Tenant
from notehouse_core.webhook_signature import secret_of
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.etags import VersionedDep
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.pagination import Page, PageDep, fetch_page
from notehouse_hub.service.resources import ResourcesDep, SessionDep

router = ApiRouter(prefix="/tenants", tags=["Tenants"])

Slug = Annotated[str, Path(max_length=63)]
_PLATFORM_ONLY = "Only an administrator of the platform {}."


class TenantOut(BaseModel):
    """A tenant."""

    id: UUID
    slug: str
    name: str
    is_active: bool
    created_at: datetime


class NewTenant(Body):
    """A tenant to make; the slug stands in addresses and never changes."""

    slug: str = Field(max_length=63)
    name: str = Field(min_length=1, max_length=200)


class TenantChange(Body):
    """What to change; what is left out stays. `is_active: true` opens a closed tenant again."""

    name: str | None = Field(default=None, min_length=1, max_length=200)
    is_active: bool | None = None


@router.get("")
async def tenants(caller: CallerDep, session: SessionDep, wanted: PageDep) -> Page[TenantOut]:
    """List tenants."""
    query = select(Tenant)
    if not caller.actor.platform_admin:
        query = query.where(Tenant.slug.in_(caller.actor.tenants))
    found, total = await fetch_page(
        session,
        query,
        wanted,
        searched=(Tenant.slug, Tenant.name),
        sorts={"slug": Tenant.slug, "name": Tenant.name, "created_at": Tenant.created_at},
    )
    return wanted.answer([_out(one) for one in found], total)


@router.post("", status_code=201)
async def create(
    body: NewTenant, caller: CallerDep, session: SessionDep, versioned: VersionedDep
) -> TenantOut:
    """Make a tenant with the roles admin, analyst and viewer, which read no data yet."""
    _ = caller.person
    if not caller.administers:
        raise errors.Forbidden(_PLATFORM_ONLY.format("makes tenants"))
    return versioned.tag(_out(await store.create(session, body.slug, body.name)))


@router.get("/{slug}")
async def tenant(slug: Slug, caller: CallerDep, session: SessionDep, versioned: VersionedDep) -> TenantOut:
    """Show one tenant."""
    return versioned.tag(_out(await tenant_of(session, caller, slug)))


@router.put("/{slug}")
async def change(
    slug: Slug, body: TenantChange, caller: CallerDep, session: SessionDep, versioned: VersionedDep
) -> TenantOut:
    """Rename a tenant, or open and close it as the platform admin."""
    found = await tenant_of(session, caller, slug)
    _ = caller.person
    caller.require("manage-tenant", slug)
    if body.is_active is not None and not caller.administers:
        raise errors.Forbidden(_PLATFORM_ONLY.format("opens and closes tenants"))
    await store.lock_tenant(session, found)
    versioned.check(_out(found))
    await store.change(session, found, name=body.name, is_active=body.is_active)
    return versioned.tag(_out(found))


@router.delete("/{slug}", status_code=204)
async def close(slug: Slug, caller: CallerDep, session: SessionDep) -> None:
    """Close a tenant: nobody enters it or reads its data; what was made in it stays, and so does the slug."""
    found = await tenant_of(session, caller, slug)
    _ = caller.person
    if not caller.administers:
        raise errors.Forbidden(_PLATFORM_ONLY.format("closes tenants"))
    await store.deactivate(session, found)


class WebhookSecretOut(BaseModel):
    """What a tenant's webhooks are signed with (HMAC-SHA256)."""

    secret: str


@router.get("/{slug}/webhook-secret")
async def webhook_secret(slug: Slug, caller: CallerDep, resources: ResourcesDep) -> WebhookSecretOut:
    """Show an admin of the tenant the secret by which receivers check the signature of its webhooks."""
    _ = caller.person
    if slug not in caller.actor.tenants:
        raise errors.NotFound("There is no such tenant.")
    caller.require("manage-tenant", slug)
    key = required(resources.settings.webhook_key, "webhook_key")
    return WebhookSecretOut(secret=secret_of(key, slug))


async def tenant_of(session: SessionDep, caller: Caller, slug: str) -> Tenant:
    """A tenant that the caller may know of; closed ones only for the platform admin. Raises NotFound."""
    if not caller.actor.platform_admin and slug not in caller.actor.tenants:
        raise errors.NotFound("There is no such tenant.")
    return await store.find_tenant(session, slug, closed=caller.administers)


def _out(one: Tenant) -> TenantOut:
    return TenantOut(
        id=one.id, slug=one.slug, name=one.name, is_active=one.is_active, created_at=one.created_at
    )
