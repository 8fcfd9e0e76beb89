"""Which groups of the OpenID provider give which roles of a tenant, and what a file of tenants said of it last."""

from typing import Annotated, Any

from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors, policy
from notehouse_core.store import roles as role_store
from notehouse_core.store.identities import GROUPS
from notehouse_core.store.models import Tenant
from notehouse_core.store.tenants import find_tenant, lock_tenant
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.api.tenants import Slug
from notehouse_hub.service.etags import VersionedDep
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.resources import SessionDep

router = ApiRouter(prefix="/tenants/{slug}", tags=["Members"])

APPLIED = "applied_file"  # in a tenant's settings
_Group = Annotated[str, Field(min_length=1, max_length=500)]


class Groups(Body):
    """Each group, by its whole name, and the role that it gives; those left out give none."""

    items: dict[_Group, str] = Field(max_length=500, examples=[{"cn=pilots,ou=groups": "viewer"}])


class AppliedFile(BaseModel):
    """What a file of tenants said of this one when it was applied last; null where none was."""

    content: dict[str, Any] | None


class FileApplied(Body):
    """What a file of tenants says of this one."""

    content: dict[str, Any]


@router.get("/groups")
async def groups(slug: Slug, caller: CallerDep, session: SessionDep, versioned: VersionedDep) -> Groups:
    """List the groups that give roles here, for who manages members."""
    tenant = await _managed(session, caller, slug, "manage-members")
    return versioned.tag(Groups(items=tenant.settings.get(GROUPS) or {}))


@router.put("/groups")
async def change_groups(
    slug: Slug, body: Groups, caller: CallerDep, session: SessionDep, versioned: VersionedDep
) -> Groups:
    """Say anew which groups give which roles; it takes effect for each person at their next refresh."""
    _ = caller.person
    tenant = await _managed(session, caller, slug, "manage-members")
    await lock_tenant(session, tenant)
    versioned.check(Groups(items=tenant.settings.get(GROUPS) or {}))
    before = tenant.settings.get(GROUPS) or {}
    for name in {role for group, role in body.items.items() if before.get(group) != role}:
        role = await role_store.find(session, tenant, name)
        if not (decided := policy.may_give(caller.actor, role_store.actions_of(role), slug)):
            raise errors.Forbidden(decided.reason)
    tenant.settings = {**tenant.settings, GROUPS: body.items}
    return versioned.tag(Groups(items=body.items))


@router.get("/applied-file")
async def applied_file(slug: Slug, caller: CallerDep, session: SessionDep) -> AppliedFile:
    """Show what a file of tenants said when it was applied last: what differs since was changed by hand."""
    tenant = await _managed(session, caller, slug, "manage-tenant")
    return AppliedFile(content=tenant.settings.get(APPLIED))


@router.put("/applied-file")
async def remember_file(slug: Slug, body: FileApplied, caller: CallerDep, session: SessionDep) -> AppliedFile:
    """Remember what a file said that has just been applied."""
    _ = caller.person
    tenant = await _managed(session, caller, slug, "manage-tenant")
    tenant.settings = {**tenant.settings, APPLIED: body.content}
    return AppliedFile(content=body.content)


async def _managed(session: AsyncSession, caller: Caller, slug: str, action: str) -> Tenant:
    """The tenant, for somebody who may do this in it. Raises NotFound for others, Forbidden for members who may not."""
    if not caller.actor.platform_admin and slug not in caller.actor.tenants:
        raise errors.NotFound("There is no such tenant.")
    found = await find_tenant(session, slug)
    caller.require(action, slug)
    return found
