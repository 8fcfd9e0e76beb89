"""Who looks at a page of the portal?"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from notehouse_core.store.models import Tenant, User
from notehouse_hub.service.identity import Caller, caller_of
from notehouse_hub.service.portal.art import initials
from notehouse_hub.service.resources import ResourcesDep, SessionDep


@dataclass(frozen=True)
class Visitor:
    """A person as pages show them; `jupyterlab` is empty for those who may not open it."""

    username: str
    full_name: str
    email: str
    standing: str
    is_admin: bool
    tenants: tuple[Tenant, ...]
    jupyterlab: str
    actions: frozenset[str]

    @property
    def initials(self) -> str:
        """One or two letters for the avatar."""
        return initials(self.full_name or self.username)


def visitor_of(caller: Caller) -> Visitor:
    """The person of a request. Raises Forbidden when it acts for none."""
    user = caller.person
    tenants = {one.tenant_id: one.tenant for one in user.memberships if one.tenant.is_active}
    roles = sorted({f"{one.role.name} at {one.tenant.name}" for one in user.memberships})
    may_start = user.is_admin or any(
        "start-server" in caller.actor.actions_in(t) for t in caller.actor.tenants
    )
    return Visitor(
        username=user.username,
        full_name=_full_name(user),
        email=user.email or "",
        standing="Platform admin" if user.is_admin else ", ".join(roles) or "No tenant yet",
        is_admin=user.is_admin,
        tenants=tuple(tenants.values()),
        jupyterlab="/hub/spawn" if may_start else "",
        actions=frozenset().union(*(caller.actor.actions_in(slug) for slug in caller.actor.tenants)),
    )


def _full_name(user: User) -> str:
    return f"{user.first_name} {user.last_name}".strip()


async def page_caller(request: Request, resources: ResourcesDep, session: SessionDep) -> Caller:
    """Whoever opens a page; kept with the request, so that a page about a problem knows them too."""
    caller = await caller_of(request, resources, session)
    request.state.visitor = visitor_of(caller)
    return caller


PageCallerDep = Annotated[Caller, Depends(page_caller)]
