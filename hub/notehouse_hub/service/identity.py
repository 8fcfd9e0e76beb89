"""Who calls? A person or a service the Hub knows, a browser with our cookie, or the holder of an execution token."""

from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors, log_context, policy
from notehouse_core.access import PLATFORM
from notehouse_core.store import audit, login_sessions, people, tokens
from notehouse_core.store.isolation import EVERYWHERE, NOWHERE, limit_to
from notehouse_core.store.models import Tenant, User
from notehouse_core.tokens import API, INTERACTIVE, Claims, class_subject
from notehouse_hub.service.hub_api import HubIdentity
from notehouse_hub.service.resources import Resources, ResourcesDep, SessionDep
from notehouse_hub.service.sessions import XSRF_HEADER, shows_xsrf

SERVICES = ("dashboards", "scheduler")
SAFE = ("GET", "HEAD", "OPTIONS")
_SCOPES = ("access:services", "access:services!service=notehouse")


@dataclass(frozen=True)
class Caller:
    """Whoever sent a request; `user` is the person, `claims` those of an execution token.

    `hub_session` is the mark of the browser's login; a Hub token made by hand has none.
    """

    actor: policy.Actor
    user: User | None = None
    claims: Claims | None = None
    hub_session: str = ""

    @property
    def person(self) -> User:
        """The person behind a request that acts for one. Raises Forbidden for services and execution tokens."""
        if self.user is None or self.claims is not None:
            raise errors.Forbidden(
                "This needs a person: log in, or send a Hub token of yours. Execution tokens only read."
            )
        return self.user

    @property
    def administers(self) -> bool:
        """Whether this is the platform admin in person, not a token of theirs."""
        return self.actor.platform_admin and self.actor.purpose is None

    def manages(self, tenant: str) -> bool:
        """Whether this is somebody in person who manages the members of a tenant."""
        return self.claims is None and "manage-members" in self.actor.actions_in(tenant)

    def tenant(self, wanted: str | None) -> str:
        """The tenant a request is about; may be left out by people who have one. Raises Invalid or Forbidden."""
        mine = (self.claims.tenant,) if self.claims else self.actor.tenants
        if wanted is None and len(mine) == 1:
            return mine[0]
        if wanted is None:
            named = ", ".join(mine) or "none"
            raise errors.Invalid(
                f"Name a tenant; yours: {named}.", fields=[{"field": "tenant", "message": "is missing"}]
            )
        if wanted not in mine and not self.actor.platform_admin:
            raise errors.Forbidden("You do not belong to this tenant.")
        return wanted

    def require(self, action: str, tenant: str) -> None:
        """Raise Forbidden with the policy's reason unless this caller may."""
        decided = policy.decide(self.actor, action, policy.Resource(tenant))
        if not decided:
            raise errors.Forbidden(decided.reason)


async def caller_of(request: Request, resources: ResourcesDep, session: SessionDep) -> Caller:
    """Say who calls, and from here on show the request their tenants alone. Raises Unauthenticated or Forbidden."""
    caller = await _identified(request, resources, session)
    audit.sign(session, _author(request, caller))
    await limit_to(session, await _scope(session, caller))
    return caller


def _author(request: Request, caller: Caller) -> audit.Author:
    return audit.Author(caller.actor.name, _address(request), log_context.request_id())


def _address(request: Request) -> str | None:
    """Where a request comes from: what our own proxy wrote last, never what a client claims."""
    forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return forwarded or (request.client.host if request.client else None)


async def _scope(session: AsyncSession, caller: Caller) -> str | list[UUID]:
    """The tenants whose rows a request may be about at all; services of ours and the platform admin: all."""
    if caller.claims is not None and caller.claims.tenant != PLATFORM:
        return list(await session.scalars(select(Tenant.id).where(Tenant.slug == caller.claims.tenant)))
    if caller.actor.service or caller.actor.platform_admin:
        return EVERYWHERE
    return sorted({one.tenant_id for one in caller.user.memberships}) if caller.user else NOWHERE


async def _identified(request: Request, resources: Resources, session: AsyncSession) -> Caller:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return await _token_holder(request, resources, session, secret)
    if scheme.lower() == "token":
        return await _known_to_hub(request, resources, session, secret)
    if scheme:
        raise errors.Unauthenticated("Send Authorization: token <hub token>, or Bearer <execution token>.")
    return await _browser(request, resources, session)


async def _browser(request: Request, resources: Resources, session: AsyncSession) -> Caller:
    cookie = resources.cookies.session(request)
    if cookie is None:
        raise errors.Unauthenticated("You are not logged in.")
    if request.method not in SAFE and not shows_xsrf(cookie, request.headers.get(XSRF_HEADER)):
        raise errors.Forbidden("This page is out of date. Load it again and repeat what you did.")
    return await _known_to_hub(request, resources, session, cookie.hub_token)


async def _known_to_hub(request: Request, resources: Resources, session: AsyncSession, token: str) -> Caller:
    identity = await resources.hub.identify(token)
    if identity is None or not set(_SCOPES) & set(identity.scopes):
        raise errors.Unauthenticated("The Hub does not know this token for Notehouse. Log in again.")
    if identity.kind == "service":
        return _service(identity)
    user = await _person(request, resources, session, identity.name)
    if user is None:
        raise errors.Forbidden(f"There is no active account {identity.name}. Ask your administrator.")
    mark = identity.session
    if mark and not await login_sessions.is_hub_session_open(session, user.username, mark):
        resources.hub.forget(token)
        raise errors.Unauthenticated("This session was ended. Log in again.")
    actor = people.actor_of(user)
    request.state.who = (user.username, actor.tenants[0] if len(actor.tenants) == 1 else "")
    return Caller(actor, user, hub_session=mark)


async def _person(
    request: Request, resources: Resources, session: AsyncSession, username: str
) -> User | None:
    """An active person; whoever only reads is not read anew themselves as long as nothing has changed."""
    if request.method in SAFE:
        return await resources.people.within(
            session, username, lambda session: people.known(session, username)
        )
    await limit_to(session, EVERYWHERE)
    return await people.find_user(session, username)


def _service(identity: HubIdentity) -> Caller:
    if identity.name not in SERVICES:
        raise errors.Forbidden("This service may not call the API.")
    return Caller(policy.Actor(identity.name, service=True))


async def _token_holder(request: Request, resources: Resources, session: AsyncSession, token: str) -> Caller:
    """The holder of an execution token acts for its person, but reads only."""
    claims = resources.verifier.verify(token, API)
    await limit_to(session, EVERYWHERE)
    if await tokens.is_revoked(session, UUID(claims.jti)):
        raise errors.Unauthenticated("This token was revoked. Get a new one, or restart your server.")
    in_person = claims.subject != class_subject(claims.access_class)
    user = await _person(request, resources, session, claims.subject) if in_person else None
    if in_person and user is None:
        raise errors.Unauthenticated("The account of this token is closed.")
    interactive = user is not None and claims.purpose == INTERACTIVE
    actor = people.actor_of(user) if user and interactive else policy.Actor(claims.subject)
    return Caller(replace(actor, purpose=claims.purpose), user, claims)


CallerDep = Annotated[Caller, Depends(caller_of)]
