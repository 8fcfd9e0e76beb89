"""Tenants: those the caller belongs to, and all of them for the platform admin."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import select

from notehouse_core import errors
from notehouse_core.settings import required
from notehouse_core.store.models import Tenant
from notehouse_core.webhook_signature import secret_of
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.pagination import Page, PageDep, fetch_page
from notehouse_hub.service.resources import ResourcesDep, SessionDep

router = APIRouter(prefix="/tenants", tags=["Tenants"])


class TenantOut(BaseModel):
    """A tenant."""

    id: UUID
    slug: str
    name: str
    is_active: bool


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
        sorts={"slug": Tenant.slug, "name": Tenant.name},
    )
    return wanted.answer([_out(one) for one in found], total)


@router.get("/{slug}")
async def tenant(slug: str, caller: CallerDep, session: SessionDep) -> TenantOut:
    """Show one tenant."""
    found = await session.scalar(select(Tenant).where(Tenant.slug == slug))
    if found is None or not _may_know(caller, slug):
        raise errors.NotFound("There is no such tenant.")
    return _out(found)


class WebhookSecretOut(BaseModel):
    """What a tenant's webhooks are signed with (HMAC-SHA256)."""

    secret: str


@router.get("/{slug}/webhook-secret")
async def webhook_secret(slug: str, caller: CallerDep, resources: ResourcesDep) -> WebhookSecretOut:
    """Show an admin of the tenant the secret by which receivers check the signature of its webhooks."""
    _ = caller.person
    if slug not in caller.actor.tenants:
        raise errors.NotFound("There is no such tenant.")
    caller.require("manage-tenant", slug)
    key = required(resources.settings.webhook_key, "webhook_key")
    return WebhookSecretOut(secret=secret_of(key, slug))


def _may_know(caller: Caller, slug: str) -> bool:
    return caller.actor.platform_admin or slug in caller.actor.tenants


def _out(one: Tenant) -> TenantOut:
    return TenantOut(id=one.id, slug=one.slug, name=one.name, is_active=one.is_active)
