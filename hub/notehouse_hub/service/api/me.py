"""Who am I, and what may I do?"""

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.access import PLATFORM
from notehouse_core.errors import NotFound
from notehouse_core.store.plan import class_of
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.identity import CallerDep
from notehouse_hub.service.resources import SessionDep

router = ApiRouter(tags=["Me"])


class TenantOfMine(BaseModel):
    """A tenant I belong to."""

    slug: str
    roles: list[str]
    permissions: list[str]
    data_sources: list[str]


class Me(BaseModel):
    """The caller."""

    username: str
    is_admin: bool
    purpose: str | None
    tenants: list[TenantOfMine]


@router.get("/me")
async def me(caller: CallerDep, session: SessionDep) -> Me:
    """Say who the caller is, and what they may do in each of their tenants."""
    actor = caller.actor
    tenants = [*actor.tenants, *([PLATFORM] if actor.platform_admin else [])]
    return Me(
        username=actor.name,
        is_admin=actor.platform_admin,
        purpose=actor.purpose,
        tenants=[
            TenantOfMine(
                slug=tenant,
                roles=sorted(actor.roles_in(tenant)),
                permissions=sorted(actor.actions_in(tenant)),
                data_sources=await _sources(session, actor.name, tenant),
            )
            for tenant in tenants
        ],
    )


async def _sources(session: AsyncSession, username: str, tenant: str) -> list[str]:
    try:
        return list((await class_of(session, username, tenant)).sources)
    except NotFound:
        return []
