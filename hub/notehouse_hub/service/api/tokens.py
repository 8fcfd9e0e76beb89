"""Execution tokens: what a kernel, a script or a BI tool holds instead of a password."""

from datetime import UTC, datetime
from time import time
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors, policy
from notehouse_core.access import PLATFORM, AccessClass
from notehouse_core.store import tokens
from notehouse_core.store.plan import class_of
from notehouse_core.tokens import API, INTERACTIVE, LONGEST_LIFE, QUERY, RUN, VIEW, Claims, class_subject
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.auditing import AuditDep
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.resources import Resources, ResourcesDep, SessionDep

router = ApiRouter(prefix="/tokens", tags=["Tokens"])

LONGEST = {INTERACTIVE: 3600, VIEW: 3600, RUN: LONGEST_LIFE}  # seconds
# What each purpose needs: a viewer's kernel asks for rows, and nothing of the API.
AUDIENCES = {INTERACTIVE: (QUERY, API), RUN: (QUERY, API), VIEW: (QUERY,)}


class TokenRequest(Body):
    """People ask for `interactive`; services for `run` and `view`, on behalf of a person or for a class, and an object."""

    purpose: Literal["interactive", "run", "view"] = "interactive"
    tenant: str | None = None
    ttl_seconds: int = Field(default=3600, ge=1, le=86_400)
    data_sources: list[str] = Field(default_factory=list, max_length=50)
    access_class: str | None = Field(default=None, pattern="^[0-9a-f]{20}$")
    on_behalf_of: str | None = Field(default=None, max_length=64)
    object: str = Field(default="", max_length=200)
    audience: list[Literal["query", "api"]] | None = Field(default=None, min_length=1, max_length=2)
    writes: bool = Field(default=False, description="a run of a notebook that its person wrote may add rows")


class IssuedToken(BaseModel):
    """A token, told once; `id` revokes it."""

    id: UUID
    token: str
    expires_at: datetime


@router.post("", status_code=201)
async def issue(
    body: TokenRequest, caller: CallerDep, session: SessionDep, resources: ResourcesDep, audit: AuditDep
) -> IssuedToken:
    """Issue an execution token: minutes to hours, for one tenant's rows, never more than the caller may read."""
    found, subject = await _rights(body, caller, session, resources)
    _check_sources(body, found)
    longest = {**LONGEST, INTERACTIVE: resources.settings.interactive_token_seconds}
    life = min(body.ttl_seconds, longest[body.purpose])
    claims = Claims(
        subject=subject,
        tenant=found.tenant,
        access_class=found.id,
        purpose=body.purpose,
        audience=_audience(body),
        object=body.object,
        sources=tuple(body.data_sources),
        expires_at=int(time()) + life,
        writes=body.writes,
    )
    token = resources.signer.sign(claims)
    tenant_id = await tokens.remember(session, claims, token, issued_by=caller.actor.name)
    await audit(
        caller.actor.name, "issue-token", claims.jti, tenant_id=tenant_id,
        purpose=body.purpose, subject=subject, about=body.object, seconds=life,
    )  # fmt: skip
    return IssuedToken(
        id=UUID(claims.jti), token=token, expires_at=datetime.fromtimestamp(claims.expires_at, UTC)
    )


@router.delete("/{token_id}", status_code=204)
async def revoke(token_id: UUID, caller: CallerDep, session: SessionDep, audit: AuditDep) -> None:
    """End a token before its time; whatever it runs is stopped."""
    if caller.claims is not None and caller.claims.jti != str(token_id):
        raise errors.Forbidden("An execution token can end itself, no other.")
    if not await tokens.revoke(session, token_id, caller.actor.name):
        raise errors.NotFound("There is no such token of yours.")
    await audit(caller.actor.name, "revoke-token", str(token_id))


async def _rights(
    body: TokenRequest, caller: Caller, session: AsyncSession, resources: Resources
) -> tuple[AccessClass, str]:
    """The class a token is for, and in whose name it is. Raises Forbidden."""
    if caller.actor.service:
        return await _class_for_service(body, session, resources)
    person = caller.person
    if body.purpose != INTERACTIVE or body.access_class or body.object or body.on_behalf_of or body.writes:
        raise errors.Forbidden("People get tokens of purpose interactive, for their own rights.")
    if person.is_admin and body.tenant in {None, PLATFORM}:
        return await class_of(session, person.username, PLATFORM), person.username
    tenant = caller.tenant(body.tenant)
    allowed = policy.decide(caller.actor, "run-sql", policy.Resource(tenant))
    if not allowed or tenant not in caller.actor.tenants:
        raise errors.Forbidden(allowed.reason)
    return await class_of(session, person.username, tenant), person.username


async def _class_for_service(
    body: TokenRequest, session: AsyncSession, resources: Resources
) -> tuple[AccessClass, str]:
    """The class of a person that a service acts for, or the one that it names; both must agree where both are given."""
    if body.purpose == INTERACTIVE or not body.object or not (body.access_class or body.on_behalf_of):
        raise errors.Invalid(
            f"A service asks for purpose {RUN} or {VIEW}, with object, and on_behalf_of or access_class."
        )
    if body.writes and (body.purpose != RUN or body.on_behalf_of is None):
        raise errors.Invalid("Only a run on behalf of a person writes.")
    plan = await resources.access_plan(session)
    if body.on_behalf_of is None:
        found = plan.classes.get(body.access_class or "")
        if found is None:
            raise errors.Forbidden("Nobody has this access class any more.")
        return found, class_subject(found.id)
    if body.tenant is None:
        raise errors.Invalid("Name the tenant.", fields=[{"field": "tenant", "message": "is missing"}])
    found = plan.class_of(body.on_behalf_of, body.tenant)
    if found is None or body.access_class not in {None, found.id}:
        raise errors.Forbidden(f"{body.on_behalf_of} may not read this any more.")
    return found, body.on_behalf_of


def _audience(body: TokenRequest) -> tuple[str, ...]:
    allowed = AUDIENCES[body.purpose]
    if body.audience is None:
        return allowed
    if refused := set(body.audience) - set(allowed):
        raise errors.Invalid(
            f"A token of purpose {body.purpose} is not for {', '.join(sorted(refused))}.",
            fields=[{"field": "audience", "message": f"of {', '.join(allowed)}"}],
        )
    return tuple(one for one in allowed if one in body.audience)


def _check_sources(body: TokenRequest, found: AccessClass) -> None:
    if unknown := set(body.data_sources) - set(found.sources):
        raise errors.Invalid(
            f"No such data source for you: {', '.join(sorted(unknown))}.",
            fields=[{"field": "data_sources", "message": f"one of {', '.join(found.sources)}"}],
        )
