"""What everybody in a tenant may use at most; a role can lower it, nothing raises it."""

from dataclasses import asdict

from pydantic import BaseModel, Field

from notehouse_core import errors
from notehouse_core.access import Limits
from notehouse_core.store import tenants as store
from notehouse_core.store.models import Tenant
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.api.tenants import Slug, tenant_of
from notehouse_hub.service.etags import VersionedDep
from notehouse_hub.service.identity import CallerDep
from notehouse_hub.service.resources import ResourcesDep, SessionDep

router = ApiRouter(prefix="/tenants/{slug}/quotas", tags=["Tenants"])

_MOST = 2**53


class Quotas(Body):
    """Limits of a tenant; one that is left out is the platform's own."""

    execution_seconds: int | None = Field(default=None, ge=1, le=_MOST, description="of one query")
    rows_to_read: int | None = Field(default=None, ge=1, le=_MOST, description="by one query")
    result_rows: int | None = Field(default=None, ge=1, le=_MOST, description="of one query")
    memory_bytes: int | None = Field(default=None, ge=1, le=_MOST, description="of one query")
    concurrent_queries: int | None = Field(default=None, ge=1, le=_MOST, description="of an access class")
    queries_an_hour: int | None = Field(default=None, ge=1, le=_MOST, description="of one person")
    requests_a_minute: int | None = Field(
        default=None, ge=1, le=_MOST, description="of one person, to the API"
    )
    ask_above_rows: int | None = Field(
        default=None, ge=1, le=_MOST, description="a cell that would read more asks before it runs"
    )


class QuotasOut(BaseModel):
    """What was set for a tenant, and what holds with it."""

    set: Quotas
    effective: Quotas


@router.get("")
async def quotas(
    slug: Slug, caller: CallerDep, session: SessionDep, resources: ResourcesDep, versioned: VersionedDep
) -> QuotasOut:
    """Show the limits of a tenant to its members."""
    found = await tenant_of(session, caller, slug)
    return versioned.tag(shown(found, resources))


@router.put("")
async def change(
    slug: Slug,
    body: Quotas,
    caller: CallerDep,
    session: SessionDep,
    resources: ResourcesDep,
    versioned: VersionedDep,
) -> QuotasOut:
    """Set a tenant's limits as the platform admin; all of them at once."""
    found = await tenant_of(session, caller, slug)
    _ = caller.person
    if not caller.administers:
        raise errors.Forbidden("Only an administrator of the platform sets the limits of a tenant.")
    await store.lock_tenant(session, found)
    versioned.check(shown(found, resources))
    await store.change(session, found, quotas=body.model_dump(exclude_none=True))
    return versioned.tag(shown(found, resources))


def shown(tenant: Tenant, resources: ResourcesDep) -> QuotasOut:
    """What was set for a tenant, and what holds with it."""
    given = tenant.settings.get("quotas") or {}
    own = {"requests_a_minute": resources.settings.requests_a_minute, **asdict(Limits())}
    return QuotasOut(set=Quotas(**given), effective=Quotas(**{**own, **given}))
