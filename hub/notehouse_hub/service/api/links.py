"""Links and embeds of a dashboard: made, listed and taken back by those who may share it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, field_validator, model_validator

from notehouse_core import errors
from notehouse_core.filters import Filter, chosen_of
from notehouse_core.settings import DASHBOARDS_PREFIX
from notehouse_core.store import dashboards as store
from notehouse_core.store import links
from notehouse_core.store.models import DashboardLink, DashboardVersion
from notehouse_core.store.plan import class_of
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.dashboards import allowed
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.identity import CallerDep
from notehouse_hub.service.resources import ResourcesDep, SessionDep

router = ApiRouter(prefix="/dashboards/{reference}/links", tags=["Links"])

LONGEST = timedelta(days=365)
_ORIGIN = re.compile(r"https?://(?:\*\.)?[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?(?::\d{1,5})?")
Values = Annotated[list[str], Field(max_length=100)]


class LinkRequest(Body):
    """A link for anybody, or an embed for the sites named in `frame_ancestors` (as `https://intranet.example`).

    It shows the rows that its maker may read, with `parameters` by the names of the dashboard's filters, as its
    address has them. Nobody can change either.
    """

    kind: Literal["link", "embed"] = "link"
    expires_at: datetime
    parameters: dict[str, str | Values] = Field(default_factory=dict)
    frame_ancestors: list[str] = Field(default_factory=list, max_length=20)
    note: str = Field(default="", max_length=200)

    @field_validator("expires_at")
    @classmethod
    def _in_time(cls, value: datetime) -> datetime:
        at, now = value if value.tzinfo else value.replace(tzinfo=UTC), datetime.now(UTC)
        if not now < at <= now + LONGEST:
            raise ValueError(f"is a moment within the next {LONGEST.days} days")
        return at

    @field_validator("frame_ancestors")
    @classmethod
    def _origins(cls, value: list[str]) -> list[str]:
        if wrong := [one for one in value if not _ORIGIN.fullmatch(one)]:
            raise ValueError(f"{wrong[0][:80]!r} is no site: write it as https://intranet.example")
        return value

    @model_validator(mode="after")
    def _sites_of_embeds(self) -> "LinkRequest":
        if (self.kind == "embed") != bool(self.frame_ancestors):
            raise ValueError("an embed names the sites that may show it in frame_ancestors, a link none")
        return self


class LinkOut(BaseModel):
    """A link; `state` is `open`, `expired` or `revoked`."""

    id: UUID
    kind: str
    note: str
    parameters: dict[str, Any]
    frame_ancestors: list[str]
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    state: Literal["open", "expired", "revoked"]


class MadeLink(LinkOut):
    """A new link with its address, which is told this once."""

    url: str


class Links(BaseModel):
    """All links of a dashboard, newest first."""

    items: list[LinkOut]


@router.get("")
async def list_links(reference: str, caller: CallerDep, session: SessionDep) -> Links:
    """List the links and embeds of a dashboard, those that have ended too."""
    found = await allowed(session, caller, reference, "share")
    return Links(items=[out(one) for one in await links.of(session, found)])


@router.post("", status_code=201)
async def make(
    reference: str, body: LinkRequest, caller: CallerDep, session: SessionDep, resources: ResourcesDep
) -> MadeLink:
    """Make a link or an embed. Whoever has its address sees the dashboard with the maker's rows, without an account."""
    found = await allowed(session, caller, reference, "share")
    slug = found.tenant.slug
    if slug not in caller.actor.tenants:
        raise errors.Forbidden("A link shows the rows of whoever makes it, and you have none in this tenant.")
    if found.published_version is None:
        raise errors.Conflict("This dashboard has no version that is ready, so a link would show nothing.")
    parameters = _parameters(found.published_version, body.parameters)
    access_class = (await class_of(session, caller.person.username, slug)).id
    link, secret = await links.make(
        session,
        found,
        kind=body.kind,
        access_class=access_class,
        parameters=parameters,
        frame_ancestors=body.frame_ancestors,
        note=body.note,
        created_by=caller.person,
        expires_at=body.expires_at,
    )
    await session.refresh(link, ["created_at"])
    if parameters:
        chosen = {**found.published_version.parameters, **parameters}
        await store.request_combination(session, found.published_version, access_class, chosen)
    address = resources.settings.base_url.rstrip("/")
    return MadeLink(**out(link).model_dump(), url=f"{address}{DASHBOARDS_PREFIX}/~{secret}")


@router.delete("/{link_id}", status_code=204)
async def revoke(reference: str, link_id: UUID, caller: CallerDep, session: SessionDep) -> None:
    """Take a link back: pages that are open by it close within a minute."""
    found = await allowed(session, caller, reference, "share")
    link = next((one for one in await links.of(session, found) if one.id == link_id), None)
    if link is None:
        raise errors.NotFound("This dashboard has no such link.")
    link.revoked_at = link.revoked_at or datetime.now(UTC)


def _parameters(version: DashboardVersion, given: dict[str, str | list[str]]) -> dict[str, Any]:
    """The fixed parameters, read as an address would be. Raises Invalid."""
    filters = [Filter.of_json(one) for one in version.layout.get("filters", [])]
    if unknown := sorted(given.keys() - {one.name for one in filters}):
        raise errors.Invalid(
            f"This dashboard has no filter {unknown[0]}.",
            fields=[{"field": f"parameters.{name}", "message": "is no filter"} for name in unknown],
        )
    return chosen_of(filters, {name: [one] if isinstance(one, str) else one for name, one in given.items()})


def out(one: DashboardLink) -> LinkOut:
    """A loaded link as the API shows it."""
    ended = one.expires_at <= datetime.now(UTC)
    return LinkOut(
        id=one.id,
        kind=one.kind,
        note=one.note,
        parameters=one.parameters,
        frame_ancestors=one.frame_ancestors,
        created_by=one.created_by.username,
        created_at=one.created_at,
        expires_at=one.expires_at,
        revoked_at=one.revoked_at,
        state="revoked" if one.revoked_at else "expired" if ended else "open",
    )
