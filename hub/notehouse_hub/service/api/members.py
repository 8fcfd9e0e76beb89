"""Who belongs to a tenant, with which roles; nobody gives or takes more than they have."""

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors, policy
from notehouse_core.store import members as store
from notehouse_core.store import roles, users
from notehouse_core.store.models import Tenant, User
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.api.tenants import Slug, tenant_of
from notehouse_hub.service.api.users import MANAGE, Name
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.pagination import Page, PageDep, fetch_page
from notehouse_hub.service.resources import SessionDep

router = ApiRouter(prefix="/tenants/{slug}/members", tags=["Members"])


class RoleOfMember(BaseModel):
    """A role of a member; `origin` is oidc for one that a group at the provider gives."""

    name: str
    origin: str


class MemberOut(BaseModel):
    """Somebody who belongs to a tenant."""

    username: str
    first_name: str
    last_name: str
    email: str | None
    is_active: bool
    roles: list[RoleOfMember]


class NewMember(Body):
    """A role for somebody who has an account; POST /users makes one, and an invitation."""

    username: str = Field(min_length=1, max_length=64)
    role: str = Field(min_length=1, max_length=63)


@router.get("")
async def members(slug: Slug, caller: CallerDep, session: SessionDep, wanted: PageDep) -> Page[MemberOut]:
    """List the members of a tenant for those who manage them."""
    tenant = await _managed(session, caller, slug)
    found, total = await fetch_page(
        session,
        store.of_tenant(tenant),
        wanted,
        searched=(User.username, User.email, User.first_name, User.last_name),
        sorts={"username": User.username, "created_at": User.created_at},
    )
    return wanted.answer([_out(one, tenant) for one in found], total)


@router.post("", status_code=201)
async def give(slug: Slug, body: NewMember, caller: CallerDep, session: SessionDep) -> MemberOut:
    """Give somebody a role; whoever only manages this tenant gives them to people of their tenants."""
    tenant = await _managed(session, caller, slug)
    role = await roles.find(session, tenant, body.role)
    _check(caller, roles.actions_of(role), tenant)
    await store.give(session, tenant, await _known(session, caller, body.username), role)
    return _out(await store.find(session, tenant, body.username), tenant)


@router.delete("/{username}", status_code=204)
async def take(
    slug: Slug,
    username: Name,
    caller: CallerDep,
    session: SessionDep,
    role: Annotated[str | None, Query(max_length=63, description="all of them when left out")] = None,
) -> None:
    """Take a role, or all of them, from a member; what they made stays."""
    tenant = await _managed(session, caller, slug)
    member = await store.find(session, tenant, username)
    for held in (one.role for one in member.memberships if one.tenant_id == tenant.id):
        if role in {None, held.name}:
            _check(caller, roles.actions_of(await roles.find(session, tenant, held.name)), tenant)
    await store.take(session, tenant, username, role)


async def _managed(session: AsyncSession, caller: Caller, slug: str) -> Tenant:
    tenant = await tenant_of(session, caller, slug)
    _ = caller.person
    caller.require(MANAGE, slug)
    return tenant


def _check(caller: Caller, actions: frozenset[str], tenant: Tenant) -> None:
    if not (decided := policy.may_give(caller.actor, actions, tenant.slug)):
        raise errors.Forbidden(decided.reason)


async def _known(session: AsyncSession, caller: Caller, username: str) -> User:
    """An account that the caller may know of: that others exist is not told."""
    found = await users.find(session, username)
    if not caller.administers and not any(caller.manages(one.tenant.slug) for one in found.memberships):
        raise errors.NotFound("There is no such account.")
    return found


def _out(one: User, tenant: Tenant) -> MemberOut:
    held = [each for each in one.memberships if each.tenant_id == tenant.id]
    return MemberOut(
        username=one.username,
        first_name=one.first_name,
        last_name=one.last_name,
        email=one.email,
        is_active=one.is_active,
        roles=[
            RoleOfMember(name=each.role.name, origin=each.origin)
            for each in sorted(held, key=lambda each: each.role.name)
        ],
    )
