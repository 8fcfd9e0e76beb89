"""Publishing: each version of a dashboard is a notebook that never changes again."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors
from notehouse_core.parameters import check_parameters
from notehouse_core.store import audit
from notehouse_core.store import dashboards as store
from notehouse_core.store.models import Dashboard, DashboardVersion
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.dashboards import allowed, visible
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.identity import CallerDep
from notehouse_hub.service.notebooks import CheckedNotebook, check_notebook, tiles_of
from notehouse_hub.service.resources import ResourcesDep, SessionDep

router = ApiRouter(prefix="/dashboards/{reference}", tags=["Versions"])


class Publication(Body):
    """A notebook in nbformat 4; `parameters` replace the defaults of its parameters cell."""

    notebook: Any
    message: str = Field(default="", max_length=500)
    parameters: dict[str, Any] = Field(default_factory=dict)


class Rollback(Body):
    """The version that everyone shall see again, and why."""

    number: int = Field(ge=1)
    message: str = Field(default="", max_length=500)


class TileOut(BaseModel):
    """A part of the page."""

    id: str
    title: str
    needs_python: bool
    reason: str
    is_table: bool = False


class VersionOut(BaseModel):
    """A version: `rendering`, then `ready`, or `failed` with the cell and the reason."""

    id: UUID
    number: int
    sha256: str
    state: str
    message: str
    author: str
    error: dict[str, Any] | None
    created_at: datetime
    tiles: list[TileOut]


class Versions(BaseModel):
    """All versions, newest first."""

    items: list[VersionOut]


@router.post("/versions", status_code=202)
async def publish(
    reference: str,
    body: Publication,
    request: Request,
    caller: CallerDep,
    session: SessionDep,
    resources: ResourcesDep,
) -> VersionOut:
    """Publish a notebook; the answer comes at once, the state follows when every class has its snapshot."""
    found = await allowed(session, caller, reference, "edit", lock=True)
    size = int(request.headers.get("content-length", 0))
    checked = await asyncio.to_thread(check_notebook, body.notebook, size, resources.settings.notebook_bytes)
    parameters = _parameters(checked, body.parameters)
    artifact = await asyncio.to_thread(resources.artifacts.put, checked.content)
    version = await store.add_version(
        session,
        found,
        notebook=artifact,
        notebook_sha256=checked.sha256,
        parameters=parameters,
        layout=checked.layout,
        tiles=[vars(tile) for tile in tiles_of(checked)],
        message=body.message,
        author=caller.person,
    )
    await store.request_snapshots(session, found, version)
    await session.refresh(version, ["created_at"])
    return out(version)


@router.get("/versions")
async def versions(reference: str, caller: CallerDep, session: SessionDep) -> Versions:
    """List the versions of a dashboard."""
    found = await visible(session, caller, reference)
    return Versions(items=[out(one) for one in await store.versions_of(session, found)])


@router.get("/versions/{number}")
async def version(reference: str, number: int, caller: CallerDep, session: SessionDep) -> VersionOut:
    """Show one version; who has just published asks here until it is ready."""
    return out(await version_of(session, await visible(session, caller, reference), number))


@router.post("/rollback")
async def roll_back(reference: str, body: Rollback, caller: CallerDep, session: SessionDep) -> VersionOut:
    """Show an earlier version to everyone again; nothing is lost, and a later one can be shown again the same way."""
    found = await allowed(session, caller, reference, "edit", lock=True)
    wanted, shown = await version_of(session, found, body.number), found.published_version
    if wanted.state != "ready":
        raise errors.Conflict(f"Version {body.number} is {wanted.state}, so nobody could see it.")
    if shown is None or shown.id != wanted.id:
        found.published_version = wanted
        author = audit.author_of(session)
        details = {"from": shown.number if shown else 0, "to": wanted.number, "message": body.message}
        await audit.record(
            session,
            author.name,
            "roll-back-dashboard",
            found.slug,
            details,
            tenant_id=found.tenant_id,
            address=author.address,
            request_id=author.request_id,
        )
        await session.flush()
        await store.request_snapshots(session, found, wanted)
    return out(wanted)


async def version_of(session: AsyncSession, dashboard: Dashboard, number: int) -> DashboardVersion:
    """One version of a dashboard. Raises NotFound."""
    for one in await store.versions_of(session, dashboard):
        if one.number == number:
            return one
    raise errors.NotFound(f"This dashboard has no version {number}.")


def _parameters(checked: CheckedNotebook, given: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(given.keys() - checked.parameters.keys())
    if unknown:
        raise errors.Invalid(
            f"The notebook's parameters cell does not define: {', '.join(unknown)}.",
            fields=[{"field": f"parameters.{name}", "message": "is not a parameter"} for name in unknown],
        )
    return check_parameters({**checked.parameters, **given})


def out(one: DashboardVersion) -> VersionOut:
    """A version as the API shows it."""
    return VersionOut(
        id=one.id,
        number=one.number,
        sha256=one.notebook_sha256,
        state=one.state,
        message=one.message,
        author=one.author.username,
        error=one.error,
        created_at=one.created_at,
        tiles=[TileOut(**tile) for tile in one.tiles],
    )
