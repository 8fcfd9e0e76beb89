"""Who may view, edit, share or administer one dashboard."""

from typing import Literal

from pydantic import BaseModel, Field, model_validator
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors
from notehouse_core.store import dashboards as store
from notehouse_core.store.models import Dashboard, DashboardPermission, Membership, Role, User
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.dashboards import allowed
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.etags import VersionedDep
from notehouse_hub.service.identity import CallerDep
from notehouse_hub.service.resources import SessionDep

router = ApiRouter(prefix="/dashboards/{reference}", tags=["Permissions"])


class Grant(Body):
    """A person or a role of the tenant, and what they may do."""

    user: str | None = None
    role: str | None = None
    permission_type: Literal["view", "edit", "share", "admin"]

    @model_validator(mode="after")
    def _one_of_both(self) -> "Grant":
        if (self.user is None) == (self.role is None):
            raise ValueError("name either a user or a role")
        return self


class Grants(Body):
    """The whole list: what is not in it is taken away."""

    items: list[Grant] = Field(max_length=500)


class GrantsOut(BaseModel):
    """Who may do what."""

    items: list[Grant]


@router.get("/permissions")
async def permissions(
    reference: str, caller: CallerDep, session: SessionDep, versioned: VersionedDep
) -> GrantsOut:
    """List who may do what with a dashboard."""
    return versioned.tag(out(await allowed(session, caller, reference, "share")))


@router.put("/permissions")
async def replace(
    reference: str, body: Grants, caller: CallerDep, session: SessionDep, versioned: VersionedDep
) -> GrantsOut:
    """Say anew who may do what; whoever gains a view gets a snapshot made."""
    found = await allowed(session, caller, reference, "share", lock=True)
    versioned.check(out(found))
    decided = store.decision(caller.actor, "admin", found)
    if not decided and any(grant.permission_type == "admin" for grant in body.items):
        raise errors.Forbidden(decided.reason)
    rows = [await _row(session, found, grant, caller.person) for grant in body.items]
    found.permissions = rows
    await session.flush()
    if found.published_version:
        await store.request_snapshots(session, found, found.published_version)
    return versioned.tag(GrantsOut(items=body.items))


async def _row(session: AsyncSession, dashboard: Dashboard, grant: Grant, by: User) -> DashboardPermission:
    user = await _member(session, dashboard, grant.user) if grant.user else None
    role = await _role(session, dashboard, grant.role) if grant.role else None
    return DashboardPermission(
        tenant_id=dashboard.tenant_id,
        permission_type=grant.permission_type,
        user=user,
        role=role,
        granted_by=by.id,
    )


async def _member(session: AsyncSession, dashboard: Dashboard, name: str) -> User:
    member = User.memberships.any(Membership.tenant_id == dashboard.tenant_id)
    found = await session.scalar(select(User).where(User.username == name, member))
    if found is None:
        raise errors.Invalid(f"{name} is no member of {dashboard.tenant.slug}.")
    return found


async def _role(session: AsyncSession, dashboard: Dashboard, name: str) -> Role:
    found = await session.scalar(select(Role).where(Role.tenant_id == dashboard.tenant_id, Role.name == name))
    if found is None:
        raise errors.Invalid(f"{dashboard.tenant.slug} has no role {name}.")
    return found


def out(one: Dashboard) -> GrantsOut:
    """The permissions of a loaded dashboard as the API shows them."""
    return GrantsOut(
        items=[
            Grant.model_validate(
                {
                    "user": each.user.username if each.user else None,
                    "role": each.role.name if each.role else None,
                    "permission_type": each.permission_type,
                }
            )
            for each in one.permissions
        ]
    )
