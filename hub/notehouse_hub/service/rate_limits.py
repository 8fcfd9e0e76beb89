"""How often may somebody ask? As often as their roles, their tenant and the platform allow."""

from __future__ import annotations

import math

from notehouse_core import errors
from notehouse_core.access import effective_requests
from notehouse_core.store.models import User
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.resources import ResourcesDep


async def limited(caller: CallerDep, resources: ResourcesDep) -> None:
    """Count a request of a person. Raises TooMany saying which limit, who can raise it and when to ask again."""
    if caller.actor.service:
        return
    settings, tenant = resources.settings, _tenant(caller)
    mine = _requests_a_minute(caller.user, settings.requests_a_minute)
    wait, whose, allowed = resources.buckets.take(f"user {caller.actor.name}", mine), "You", mine
    if not wait and tenant:
        allowed = settings.tenant_requests_a_minute
        wait, whose = resources.buckets.take(f"tenant {tenant}", allowed), f"All in {tenant} together"
    if wait:
        raise errors.TooMany(
            f"{whose} may send {allowed:,} requests a minute. Wait a moment; an administrator of the platform can "
            "raise the limit.",
            retry_after=math.ceil(wait),
        )


def _requests_a_minute(user: User | None, default: int) -> int:
    places = (
        [(one.tenant.settings.get("quotas") or {}, one.role.limits) for one in user.memberships]
        if user
        else []
    )
    return effective_requests(default, places)


def _tenant(caller: Caller) -> str:
    """The tenant whose requests these are; none for people of several, or of the platform."""
    if caller.claims is not None:
        return caller.claims.tenant
    tenants = caller.actor.tenants
    return tenants[0] if len(tenants) == 1 else ""
