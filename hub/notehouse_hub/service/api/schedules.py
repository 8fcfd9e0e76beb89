"""Schedules: a notebook, when it runs and as whom."""

from datetime import UTC, datetime
from itertools import islice
from typing import Any, ClassVar, Literal
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field
from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from notehouse_core import errors
from notehouse_core.cron import Timetable
from notehouse_core.parameters import check_parameters
from notehouse_core.store import schedules as store
from notehouse_core.store.models import Dashboard, Run, Schedule, Tenant
from notehouse_core.store.tenants import find_tenant
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.dashboards import visible
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.api.runs import RunOut
from notehouse_hub.service.api.runs import out as run_out
from notehouse_hub.service.etags import VersionedDep
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.pagination import Page, PageDep, fetch_page
from notehouse_hub.service.recipients import checked_recipients
from notehouse_hub.service.resources import ResourcesDep, SessionDep
from notehouse_hub.service.uploads import store_notebook

router = ApiRouter(prefix="/schedules", tags=["Schedules"])

_NONE = "There is no such schedule, or none that you may know of."


class ScheduleRequest(Body):
    """A new schedule: of a notebook (nbformat JSON), or of a dashboard's published one."""

    name: str = Field(min_length=1, max_length=100)
    tenant: str | None = None
    notebook: Any = None
    notebook_name: str = Field(default="", max_length=200)
    dashboard_id: str | None = None
    cron: str
    timezone: str = "UTC"
    parameters: dict[str, Any] = Field(default_factory=dict)
    recipients: list[str] = Field(default_factory=list, max_length=100)
    formats: list[Literal["html", "pdf", "ipynb"]] = Field(default_factory=list)
    catch_up: Literal["skip", "latest", "all"] = "latest"
    retries: int = Field(default=0, ge=0, le=10)
    timeout_seconds: int = Field(default=3600, ge=1, le=86_000)


class ScheduleChange(Body):
    """What may be changed; fields left out stay."""

    cron: str | None = None
    timezone: str | None = None
    parameters: dict[str, Any] | None = None
    catch_up: Literal["skip", "latest", "all"] | None = None
    recipients: list[str] | None = Field(default=None, max_length=100)
    formats: list[Literal["html", "pdf", "ipynb"]] | None = None
    retries: int | None = Field(default=None, ge=0, le=10)
    timeout_seconds: int | None = Field(default=None, ge=1, le=86_000)
    is_active: bool | None = None


class PreviewRequest(Body):
    """A time to try out."""

    cron: str
    timezone: str = "UTC"


class Preview(BaseModel):
    """The next times, in UTC and on the wall clock of the zone."""

    times: list[datetime]
    local: list[str]


class ScheduleOut(BaseModel):
    """A schedule."""

    PASSING: ClassVar = ("next_at",)

    id: UUID
    tenant: str
    name: str
    notebook_name: str
    dashboard_id: UUID | None
    cron: str
    timezone: str
    parameters: dict[str, Any]
    recipients: list[str]
    formats: list[str]
    catch_up: str
    retries: int
    timeout_seconds: int
    owner: str
    run_as: str
    is_active: bool
    next_at: datetime | None


@router.get("")
async def schedules(caller: CallerDep, session: SessionDep, wanted: PageDep) -> Page[ScheduleOut]:
    """List the schedules of the tenants where the caller may manage them."""
    found, total = await fetch_page(
        session,
        visible_to(caller),
        wanted,
        searched=(Schedule.name, Schedule.notebook_name),
        sorts={"name": Schedule.name, "created_at": Schedule.created_at},
    )
    return wanted.answer([out(one) for one in found], total)


@router.post("", status_code=201)
async def create(
    body: ScheduleRequest, request: Request, caller: CallerDep, session: SessionDep, resources: ResourcesDep
) -> ScheduleOut:
    """Schedule a notebook; it runs as the caller."""
    person, slug = caller.person, caller.tenant(body.tenant)
    caller.require("manage-schedules", slug)
    if slug not in caller.actor.tenants:
        raise errors.Forbidden("A schedule runs with its owner's rights, so its owner must be a member.")
    Timetable.parse(body.cron, body.timezone)
    tenant = await find_tenant(session, slug)
    dashboard = await visible(session, caller, body.dashboard_id) if body.dashboard_id else None
    if (dashboard is None) == (body.notebook is None):
        raise errors.Invalid("Give either a notebook or a dashboard_id.")
    if dashboard is not None and dashboard.tenant_id != tenant.id:
        raise errors.Invalid("That dashboard belongs to another tenant.")
    made = Schedule(
        tenant_id=tenant.id,
        dashboard_id=dashboard.id if dashboard else None,
        notebook=await store_notebook(body.notebook, request, resources) if dashboard is None else None,
        owner_id=person.id,
        run_as_id=person.id,
        parameters=check_parameters(body.parameters),
        recipients=await checked_recipients(session, tenant, body.recipients),
        **body.model_dump(exclude={"tenant", "notebook", "dashboard_id", "parameters", "recipients"}),
    )
    session.add(made)
    try:
        await session.flush()
    except IntegrityError as error:
        raise errors.Conflict(f"{slug} has a schedule {body.name!r} already. Choose another name.") from error
    return out(await one_of(session, caller, made.id))


@router.post("/preview")
async def preview(body: PreviewRequest, caller: CallerDep) -> Preview:
    """Show when a schedule would run next."""
    _ = caller.person
    timetable = Timetable.parse(body.cron, body.timezone)
    coming = list(islice(timetable.after(datetime.now(UTC)), 5))
    return Preview(times=[one.at for one in coming], local=[one.local.isoformat() for one in coming])


@router.get("/{schedule_id}")
async def schedule(
    schedule_id: UUID, caller: CallerDep, session: SessionDep, versioned: VersionedDep
) -> ScheduleOut:
    """Show one schedule."""
    return versioned.tag(out(await one_of(session, caller, schedule_id)))


@router.put("/{schedule_id}")
async def change(
    schedule_id: UUID, body: ScheduleChange, caller: CallerDep, session: SessionDep, versioned: VersionedDep
) -> ScheduleOut:
    """Change a schedule, or switch it off and on; times that passed while it was off are not made up for."""
    found = await one_of(session, caller, schedule_id, lock=True)
    _ = caller.person
    versioned.check(out(found))
    values = body.model_dump(exclude_none=True)
    Timetable.parse(values.get("cron", found.cron), values.get("timezone", found.timezone))
    if "parameters" in values:
        values["parameters"] = check_parameters(values["parameters"])
    if "recipients" in values:
        values["recipients"] = await checked_recipients(session, found.tenant, values["recipients"])
    if (values.get("is_active") and not found.is_active) or {"cron", "timezone"} & values.keys():
        found.active_since = datetime.now(UTC)
    for name, value in values.items():
        setattr(found, name, value)
    await session.flush()
    return versioned.tag(out(found))


@router.delete("/{schedule_id}", status_code=204)
async def delete(schedule_id: UUID, caller: CallerDep, session: SessionDep) -> None:
    """Take a schedule away; its runs stay."""
    found = await one_of(session, caller, schedule_id, lock=True)
    _ = caller.person
    found.is_active = False
    found.deleted_at = await session.scalar(func.now().select())


@router.post("/{schedule_id}/run", status_code=202)
async def run_now(schedule_id: UUID, caller: CallerDep, session: SessionDep) -> RunOut:
    """Run it once now, beside its times."""
    found = await one_of(session, caller, schedule_id)
    person, notebook = caller.person, store.notebook_of(found)
    if notebook is None:
        raise errors.Conflict("Its dashboard has no version that is ready.")
    run = Run(
        tenant_id=found.tenant_id,
        schedule_id=found.id,
        trigger="manual",
        requested_by_id=person.id,
        run_as_id=found.run_as_id,
        name=found.name,
        notebook=notebook,
        scheduled_for=datetime.now(UTC),
        retries=found.retries,
        timeout_seconds=found.timeout_seconds,
        parameters=found.parameters,
    )
    session.add(run)
    await session.flush()
    await session.refresh(run)
    return run_out(run)


def visible_to(caller: Caller) -> Select[Schedule]:
    """The schedules of tenants where the caller may manage them."""
    query = (
        select(Schedule)
        .join(Schedule.tenant)
        .where(Schedule.deleted_at.is_(None))
        .options(
            selectinload(Schedule.tenant),
            selectinload(Schedule.owner),
            selectinload(Schedule.run_as),
            selectinload(Schedule.dashboard).selectinload(Dashboard.published_version),
        )
    )
    if caller.administers:
        return query
    return query.where(Tenant.slug.in_(caller.actor.tenants_with("manage-schedules")))


async def one_of(session: AsyncSession, caller: Caller, schedule_id: UUID, *, lock: bool = False) -> Schedule:
    """A schedule that the caller may manage. Raises NotFound."""
    query = visible_to(caller).where(Schedule.id == schedule_id)
    if lock:
        query = query.with_for_update(of=Schedule)
    found = (await session.scalars(query)).one_or_none()
    if found is None:
        raise errors.NotFound(_NONE)
    return found


def out(one: Schedule) -> ScheduleOut:
    """A loaded schedule as the API shows it."""
    coming = Timetable.parse(one.cron, one.timezone).next_after(datetime.now(UTC)) if one.is_active else None
    return ScheduleOut(
        id=one.id,
        tenant=one.tenant.slug,
        name=one.name,
        notebook_name=one.notebook_name,
        dashboard_id=one.dashboard_id,
        cron=one.cron,
        timezone=one.timezone,
        parameters=one.parameters,
        recipients=one.recipients,
        formats=one.formats,
        catch_up=one.catch_up,
        retries=one.retries,
        timeout_seconds=one.timeout_seconds,
        owner=one.owner.username,
        run_as=one.run_as.username,
        is_active=one.is_active,
        next_at=coming.at if coming else None,
    )
