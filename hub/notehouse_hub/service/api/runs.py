"""Runs: what happened, how far it is, what came out of it."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from notehouse_core import errors
from notehouse_core.store.models import Run, Tenant
from notehouse_hub.service.api.route import ApiRouter, as_file
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.pagination import Page, PageDep, fetch_page
from notehouse_hub.service.resources import API_PREFIX, ResourcesDep, SessionDep

router = ApiRouter(prefix="/runs", tags=["Runs"])

_OPEN = ("queued", "running")
_NONE = "There is no such run, or none that you may know of."
# Made from what people wrote: shown without scripts, without an origin, without loading anything.
_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'self'"


class ArtifactOut(BaseModel):
    """A file that a run has left."""

    name: str
    type: str
    bytes: int
    url: str


class RunErrorOut(BaseModel):
    """Why a run failed; `cell` counts from one."""

    cell: int | None
    name: str
    message: str


class RunOut(BaseModel):
    """A run."""

    id: UUID
    schedule_id: UUID | None
    name: str
    trigger: str
    state: str
    scheduled_for: datetime
    started_at: datetime | None
    ended_at: datetime | None
    attempt: int
    parameters: dict[str, Any]
    progress: dict[str, Any]
    error: RunErrorOut | None
    artifacts: list[ArtifactOut]


@router.get("")
async def runs(
    caller: CallerDep,
    session: SessionDep,
    wanted: PageDep,
    schedule_id: UUID | None = None,
    state: str | None = None,
) -> Page[RunOut]:
    """List runs, newest first, of the tenants where the caller may manage schedules."""
    query = visible_to(caller)
    if schedule_id:
        query = query.where(Run.schedule_id == schedule_id)
    if state:
        query = query.where(Run.state == state)
    wanted = wanted.model_copy(update={"sort": wanted.sort or "-created_at"})
    found, total = await fetch_page(
        session,
        query,
        wanted,
        searched=(Run.name,),
        sorts={"created_at": Run.created_at, "scheduled_for": Run.scheduled_for},
    )
    return wanted.answer([out(one) for one in found], total)


@router.get("/{run_id}")
async def run(run_id: UUID, caller: CallerDep, session: SessionDep) -> RunOut:
    """Show one run."""
    return out(await one_of(session, caller, run_id))


@router.get("/{run_id}/artifacts/{name}", response_class=Response, responses=as_file("*/*"))
async def artifact(
    run_id: UUID, name: str, caller: CallerDep, session: SessionDep, resources: ResourcesDep
) -> Response:
    """Fetch a file of a run: its executed notebook, or the page people read."""
    found = await one_of(session, caller, run_id)
    kept = next((one for one in found.artifacts if one["name"] == name), None)
    if kept is None:
        raise errors.NotFound(f"This run has no file {name}.")
    content = await asyncio.to_thread(resources.artifacts.get, kept["key"])
    headers = {"Content-Security-Policy": _SANDBOX, "X-Frame-Options": "SAMEORIGIN"}
    if not name.endswith(".html"):
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(content, media_type=kept["type"], headers=headers)


@router.post("/{run_id}/cancel", status_code=202)
async def cancel(run_id: UUID, caller: CallerDep, session: SessionDep) -> RunOut:
    """Ask a run to end; one that waits ends at once."""
    found = await one_of(session, caller, run_id, lock=True)
    _ = caller.person
    if found.state not in _OPEN:
        raise errors.Conflict(f"This run is {found.state} already.")
    now = await session.scalar(func.now().select())
    found.cancel_requested_at = now
    if found.state == "queued":
        found.state, found.ended_at = "cancelled", now
    await session.flush()
    return out(found)


@router.post("/{run_id}/retry", status_code=202)
async def retry(run_id: UUID, caller: CallerDep, session: SessionDep) -> RunOut:
    """Run the same notebook with the same parameters again, as a run of its own."""
    found = await one_of(session, caller, run_id)
    person = caller.person
    if found.state in _OPEN:
        raise errors.Conflict(f"This run is {found.state}; it can be run again when it has ended.")
    copied = (
        "tenant_id",
        "schedule_id",
        "run_as_id",
        "name",
        "notebook",
        "retries",
        "timeout_seconds",
        "parameters",
    )
    again = Run(
        trigger="retry",
        requested_by_id=person.id,
        scheduled_for=datetime.now(UTC),
        **{name: getattr(found, name) for name in copied},
    )
    session.add(again)
    await session.flush()
    await session.refresh(again)
    return out(again)


def visible_to(caller: Caller) -> Select[Run]:
    """The runs of tenants where the caller may manage schedules; members only, since they show rows."""
    tenants = caller.actor.tenants_with("manage-schedules")
    return select(Run).join(Run.tenant).where(Tenant.slug.in_(tenants)).options(selectinload(Run.run_as))


async def one_of(session: AsyncSession, caller: Caller, run_id: UUID, *, lock: bool = False) -> Run:
    """A run that the caller may know of. Raises NotFound."""
    query = visible_to(caller).where(Run.id == run_id)
    if lock:
        query = query.with_for_update(of=Run)
    found = (await session.scalars(query)).one_or_none()
    if found is None:
        raise errors.NotFound(_NONE)
    return found


def out(one: Run) -> RunOut:
    """A run as the API shows it."""
    where = f"{API_PREFIX}/runs/{one.id}/artifacts"
    return RunOut(
        id=one.id,
        schedule_id=one.schedule_id,
        name=one.name,
        trigger=one.trigger,
        state=one.state,
        scheduled_for=one.scheduled_for,
        started_at=one.started_at,
        ended_at=one.ended_at,
        attempt=one.attempt,
        parameters=one.parameters,
        progress=one.progress,
        error=RunErrorOut(**one.error) if one.error else None,
        artifacts=[
            ArtifactOut(
                name=each["name"], type=each["type"], bytes=each["bytes"], url=f"{where}/{each['name']}"
            )
            for each in one.artifacts
        ],
    )
