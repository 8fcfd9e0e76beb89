"""Dashboards: made, listed, changed and taken away by those who may."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Row, func
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors
from notehouse_core.settings import DASHBOARDS_PREFIX
from notehouse_core.store import dashboards as store
from notehouse_core.store.models import Dashboard
from notehouse_core.store.tenants import find_tenant
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.etags import VersionedDep
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.pagination import Page, PageDep, fetch_page
from notehouse_hub.service.resources import SessionDep

router = ApiRouter(prefix="/dashboards", tags=["Dashboards"])

Slug = Annotated[str, Field(pattern="^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$", examples=["punctuality"])]
Tags = Annotated[list[Annotated[str, Field(min_length=1, max_length=40)]], Field(max_length=20)]
_NONE = "There is no such dashboard, or none that you may know of."


class DashboardRequest(Body):
    """A new dashboard."""

    slug: Slug
    name: str = Field(min_length=1, max_length=200)
    tenant: str | None = None
    description: str = Field(default="", max_length=2000)
    tags: Tags = Field(default_factory=list)
    is_public: bool = False


class DashboardChange(Body):
    """What may be changed; fields left out stay."""

    name: str | None = Field(default=None, min_length=1, max_length=200)
    description: str | None = Field(default=None, max_length=2000)
    tags: Tags | None = None
    is_public: bool | None = None


class DashboardOut(BaseModel):
    """A dashboard; `version` is the one that viewers see, none until one is ready."""

    id: UUID
    tenant: str
    slug: str
    name: str
    description: str
    tags: list[str]
    owner: str
    is_public: bool
    version: int | None
    url: str
    created_at: datetime
    updated_at: datetime


@router.get("")
async def dashboards(caller: CallerDep, session: SessionDep, wanted: PageDep) -> Page[DashboardOut]:
    """List the dashboards that the caller may view."""
    found, total = await fetch_page(
        session,
        store.listed_to(caller.actor),
        wanted,
        searched=(
            Dashboard.name,
            Dashboard.description,
            Dashboard.slug,
            func.array_to_string(Dashboard.tags, " "),
        ),
        sorts={
            "name": Dashboard.name,
            "updated_at": Dashboard.updated_at,
            "created_at": Dashboard.created_at,
        },
    )
    return wanted.answer([_listed(one) for one in found], total)


@router.post("", status_code=201)
async def create(
    body: DashboardRequest, caller: CallerDep, session: SessionDep, versioned: VersionedDep
) -> DashboardOut:
    """Make a dashboard; it shows nothing until a version of it is published."""
    person, slug = caller.person, caller.tenant(body.tenant)
    caller.require("create-dashboards", slug)
    tenant = await find_tenant(session, slug)
    content = body.model_dump(exclude={"tenant"})
    made = Dashboard(tenant_id=tenant.id, owner_id=person.id, **content)
    session.add(made)
    try:
        await session.flush()
    except IntegrityError as error:
        raise errors.Conflict(
            f"{slug} has a dashboard {body.slug!r} already. Choose another slug, or publish a new version of it."
        ) from error
    return versioned.tag(out(await visible(session, caller, str(made.id))))


@router.get("/{reference}")
async def dashboard(
    reference: str, caller: CallerDep, session: SessionDep, versioned: VersionedDep
) -> DashboardOut:
    """Show one, by its id or `tenant:slug`."""
    return versioned.tag(out(await visible(session, caller, reference)))


@router.put("/{reference}")
async def change(
    reference: str,
    body: DashboardChange,
    caller: CallerDep,
    session: SessionDep,
    versioned: VersionedDep,
) -> DashboardOut:
    """Change a dashboard; with If-Match only if nobody else has changed it since."""
    found = await allowed(session, caller, reference, "edit", lock=True)
    versioned.check(out(found))
    if body.is_public is not None and not (shared := store.decision(caller.actor, "share", found)):
        raise errors.Forbidden(shared.reason)
    for name, value in body.model_dump(exclude_none=True).items():
        setattr(found, name, value)
    await session.flush()
    await session.refresh(found, ["updated_at"])
    if body.is_public and found.published_version:
        await store.request_snapshots(session, found, found.published_version)
    return versioned.tag(out(found))


@router.delete("/{reference}", status_code=204)
async def delete(reference: str, caller: CallerDep, session: SessionDep) -> None:
    """Take a dashboard away; its history is kept."""
    found = await allowed(session, caller, reference, "admin", lock=True)
    found.deleted_at = await session.scalar(func.now().select())


async def visible(session: AsyncSession, caller: Caller, reference: str, *, lock: bool = False) -> Dashboard:
    """A dashboard that the caller may know of. Raises NotFound, also for what they may not."""
    found = await store.find(session, reference, lock=lock)
    rights = ("view", "edit", "share", "admin")
    if found is None or not any(store.decision(caller.actor, right, found) for right in rights):
        raise errors.NotFound(_NONE)
    return found


async def allowed(
    session: AsyncSession, caller: Caller, reference: str, wanted: str, *, lock: bool = False
) -> Dashboard:
    """A dashboard that a person may `edit`, `share` or `admin`. Raises NotFound or Forbidden with the reason."""
    found = await visible(session, caller, reference, lock=lock)
    _ = caller.person
    if not (decided := store.decision(caller.actor, wanted, found)):
        raise errors.Forbidden(decided.reason)
    return found


def _listed(row: Row[Any]) -> DashboardOut:
    """A row of a list; it comes from columns of these types, which are not checked once more."""
    shown = {name: row._mapping[name] for name in DashboardOut.model_fields.keys() - {"url"}}
    return DashboardOut.model_construct(**shown, url=_address(row.tenant, row.slug))


def _address(tenant: str, slug: str) -> str:
    return f"{DASHBOARDS_PREFIX}/{tenant}/{slug}"


def out(one: Dashboard) -> DashboardOut:
    """A loaded dashboard as the API shows it."""
    return DashboardOut(
        id=one.id,
        tenant=one.tenant.slug,
        slug=one.slug,
        name=one.name,
        description=one.description,
        tags=one.tags,
        owner=one.owner.username,
        is_public=one.is_public,
        version=one.published_version.number if one.published_version else None,
        url=_address(one.tenant.slug, one.slug),
        created_at=one.created_at,
        updated_at=one.updated_at,
    )
