"""How a tenant's dashboards look: colours and a logo."""

from pydantic import BaseModel, Field

from notehouse_core.branding import Branding
from notehouse_core.store import tenants as store
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.api.tenants import Slug, tenant_of
from notehouse_hub.service.etags import VersionedDep
from notehouse_hub.service.identity import CallerDep
from notehouse_hub.service.resources import SessionDep

router = ApiRouter(prefix="/tenants/{slug}/branding", tags=["Tenants"])


class BrandingChange(Body):
    """All of it anew; empty for the platform's own."""

    accent: str = Field(default="", max_length=7, examples=["#14506b"])
    accent_dark: str = Field(default="", max_length=7, examples=["#7cc4de"])
    logo: str = Field(default="", max_length=200_000, description="a data: address of a picture")


class BrandingOut(BaseModel):
    """Colours, and the logo as a data: address."""

    accent: str
    accent_dark: str
    logo: str


@router.get("")
async def branding(
    slug: Slug, caller: CallerDep, session: SessionDep, versioned: VersionedDep
) -> BrandingOut:
    """Show a tenant's colours and logo."""
    found = await tenant_of(session, caller, slug)
    return versioned.tag(BrandingOut(**Branding.of(found.settings).as_json()))


@router.put("")
async def change(
    slug: Slug, body: BrandingChange, caller: CallerDep, session: SessionDep, versioned: VersionedDep
) -> BrandingOut:
    """Set a tenant's colours and logo; open dashboards have them when they are loaded again."""
    found = await tenant_of(session, caller, slug)
    _ = caller.person
    caller.require("manage-tenant", slug)
    await store.lock_tenant(session, found)
    versioned.check(BrandingOut(**Branding.of(found.settings).as_json()))
    wanted = Branding(**body.model_dump())
    wanted.check()
    found.settings = {**found.settings, "branding": wanted.as_json()}
    return versioned.tag(BrandingOut(**wanted.as_json()))
