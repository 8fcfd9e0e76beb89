"""Alerts: a condition on a query's rows or a notebook that raises one, when it is looked at, who hears of it."""

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field
from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from notehouse_core import errors
from notehouse_core.alerting import Condition, look
from notehouse_core.cron import Timetable
from notehouse_core.store.models import Alert, AlertEvaluation, DataSource, Tenant
from notehouse_core.store.tenants import find_tenant
from notehouse_core.warehouse import Statement
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.queries import QueryRequest, token_for
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.etags import VersionedDep
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.pagination import Page, PageDep, fetch_page
from notehouse_hub.service.recipients import checked_recipients
from notehouse_hub.service.resources import ResourcesDep, SessionDep
from notehouse_hub.service.uploads import store_notebook

router = ApiRouter(prefix="/alerts", tags=["Alerts"])

_NONE = "There is no such alert, or none that you may know of."


class Times(Body):
    """When an alert is looked at: a cron line in a zone."""

    cron: str = "*/5 * * * *"
    timezone: str = "UTC"


class Notification(Body):
    """Who hears of changes: mail addresses, user names, https addresses of webhooks."""

    recipients: list[str] = Field(default_factory=list, max_length=100)


class AlertRequest(Body):
    """A new alert, on SQL with a condition or on a notebook (nbformat JSON)."""

    name: str = Field(min_length=1, max_length=100)
    tenant: str | None = None
    data_source: str = "warehouse"
    sql: str | None = Field(default=None, min_length=1, max_length=1_000_000)
    notebook: Any = None
    condition: dict[str, Any] = Field(default_factory=dict)
    group_by: list[str] = Field(default_factory=list, max_length=10)
    for_seconds: int = Field(default=0, ge=0, le=604_800)
    schedule: Times = Field(default_factory=Times)
    notification: Notification = Field(default_factory=Notification)


class AlertChange(Body):
    """What may be changed; fields left out stay."""

    condition: dict[str, Any] | None = None
    for_seconds: int | None = Field(default=None, ge=0, le=604_800)
    schedule: Times | None = None
    notification: Notification | None = None
    is_active: bool | None = None


class MuteRequest(Body):
    """For how long nobody is told; 0 ends it."""

    seconds: int = Field(ge=0, le=31_536_000)


class StateOut(BaseModel):
    """Where an alert stands for one group."""

    group: str
    state: str
    since: datetime
    value: float | None
    acknowledged_by: str | None


class AlertOut(BaseModel):
    """An alert."""

    PASSING: ClassVar = ("looked_at", "state", "states")

    id: UUID
    tenant: str
    name: str
    data_source: str
    sql: str | None
    on_notebook: bool
    condition: dict[str, Any]
    group_by: list[str]
    for_seconds: int
    schedule: Times
    notification: dict[str, Any]
    owner: str
    is_active: bool
    muted_until: datetime | None
    looked_at: datetime | None
    state: str
    states: list[StateOut]


class EvaluationOut(BaseModel):
    """One look at an alert."""

    id: UUID
    at: datetime
    group: str
    state_before: str
    state: str
    value: float | None
    threshold: float | None
    rows: list[dict[str, Any]]
    run_id: UUID | None
    notified: bool
    error: str | None


class FindingOut(BaseModel):
    """What a look would find now."""

    group: str
    state: str
    value: float | None
    rows: list[dict[str, Any]]


@router.get("")
async def alerts(caller: CallerDep, session: SessionDep, wanted: PageDep) -> Page[AlertOut]:
    """List the alerts of the tenants where the caller may manage them."""
    found, total = await fetch_page(
        session,
        visible_to(caller),
        wanted,
        searched=(Alert.name,),
        sorts={"name": Alert.name, "created_at": Alert.created_at},
    )
    return wanted.answer([out(one) for one in found], total)


@router.post("", status_code=201)
async def create(
    body: AlertRequest, request: Request, caller: CallerDep, session: SessionDep, resources: ResourcesDep
) -> AlertOut:
    """Set an alert; it looks with the rights of the caller."""
    person, slug = caller.person, caller.tenant(body.tenant)
    caller.require("manage-schedules", slug)
    if slug not in caller.actor.tenants:
        raise errors.Forbidden("An alert looks with its owner's rights, so its owner must be a member.")
    Timetable.parse(body.schedule.cron, body.schedule.timezone)
    if (body.sql is None) == (body.notebook is None):
        raise errors.Invalid("Give either sql or a notebook.")
    if body.sql is not None:
        Condition.parse(body.condition)
    tenant = await find_tenant(session, slug)
    await _check_source(session, tenant, body.data_source)
    made = Alert(
        tenant_id=tenant.id,
        owner_id=person.id,
        notebook=await store_notebook(body.notebook, request, resources)
        if body.notebook is not None
        else None,
        cron=body.schedule.cron,
        timezone=body.schedule.timezone,
        notification={"recipients": await checked_recipients(session, tenant, body.notification.recipients)},
        **body.model_dump(exclude={"tenant", "notebook", "schedule", "notification"}),
    )
    session.add(made)
    try:
        await session.flush()
    except IntegrityError as error:
        raise errors.Conflict(f"{slug} has an alert {body.name!r} already. Choose another name.") from error
    return out(await one_of(session, caller, made.id))


@router.get("/{alert_id}")
async def alert(alert_id: UUID, caller: CallerDep, session: SessionDep, versioned: VersionedDep) -> AlertOut:
    """Show one alert and where it stands."""
    return versioned.tag(out(await one_of(session, caller, alert_id)))


@router.put("/{alert_id}")
async def change(
    alert_id: UUID, body: AlertChange, caller: CallerDep, session: SessionDep, versioned: VersionedDep
) -> AlertOut:
    """Change an alert, or switch it off and on."""
    found = await one_of(session, caller, alert_id, lock=True)
    _ = caller.person
    versioned.check(out(found))
    if body.condition is not None and found.sql is not None:
        Condition.parse(body.condition)
        found.condition = body.condition
    if body.schedule is not None:
        Timetable.parse(body.schedule.cron, body.schedule.timezone)
        found.cron, found.timezone = body.schedule.cron, body.schedule.timezone
    if body.notification is not None:
        named = await checked_recipients(session, found.tenant, body.notification.recipients)
        found.notification = {"recipients": named}
    if body.for_seconds is not None:
        found.for_seconds = body.for_seconds
    if body.schedule is not None or (body.is_active and not found.is_active):
        found.active_since = datetime.now(UTC)
    if body.is_active is not None:
        found.is_active = body.is_active
    await session.flush()
    return versioned.tag(out(found))


@router.delete("/{alert_id}", status_code=204)
async def delete(alert_id: UUID, caller: CallerDep, session: SessionDep) -> None:
    """Take an alert away; its history stays."""
    found = await one_of(session, caller, alert_id, lock=True)
    _ = caller.person
    found.is_active = False
    found.deleted_at = await session.scalar(func.now().select())


@router.post("/{alert_id}/test")
async def test(
    alert_id: UUID, caller: CallerDep, session: SessionDep, resources: ResourcesDep
) -> list[FindingOut]:
    """Look now, with the caller's rights: what would it find? Nothing is stored and nobody is told."""
    found = await one_of(session, caller, alert_id)
    if found.sql is None:
        raise errors.Invalid("An alert on a notebook is tried by running the notebook.")
    asked = QueryRequest(sql=found.sql, data_source=found.data_source, tenant=found.tenant.slug)
    token = await token_for(asked, caller, session, resources)
    answer = await resources.warehouse.run(Statement(found.data_source, found.sql, {}, 10_000), "json", token)
    findings = look(Condition.parse(found.condition), answer.rows(), found.group_by)
    return [
        FindingOut(group=key, state=one.state, value=one.value, rows=[dict(row) for row in one.rows])
        for key, one in findings.items()
    ]


@router.post("/{alert_id}/acknowledge")
async def acknowledge(alert_id: UUID, caller: CallerDep, session: SessionDep) -> AlertOut:
    """Say that somebody takes care of what fires now."""
    found, person = await one_of(session, caller, alert_id, lock=True), caller.person
    firing = [state for state in found.states if state.state == "firing"]
    if not firing:
        raise errors.Conflict("This alert does not fire now.")
    for state in firing:
        state.acknowledged_at, state.acknowledged_by = datetime.now(UTC), person.username
    await session.flush()
    return out(found)


@router.post("/{alert_id}/mute")
async def mute(alert_id: UUID, body: MuteRequest, caller: CallerDep, session: SessionDep) -> AlertOut:
    """Tell nobody for a while; the history goes on."""
    found = await one_of(session, caller, alert_id, lock=True)
    _ = caller.person
    found.muted_until = datetime.now(UTC) + timedelta(seconds=body.seconds) if body.seconds else None
    await session.flush()
    return out(found)


@router.get("/{alert_id}/history")
async def history(
    alert_id: UUID, caller: CallerDep, session: SessionDep, wanted: PageDep
) -> Page[EvaluationOut]:
    """List the looks at an alert, newest first."""
    found = await one_of(session, caller, alert_id)
    query = select(AlertEvaluation).where(AlertEvaluation.alert_id == found.id)
    wanted = wanted.model_copy(update={"sort": wanted.sort or "-created_at"})
    sorts = {"created_at": AlertEvaluation.created_at}
    looks, total = await fetch_page(
        session, query, wanted, searched=(AlertEvaluation.group_key,), sorts=sorts
    )
    return wanted.answer([evaluation_out(one) for one in looks], total)


def visible_to(caller: Caller) -> Select[Alert]:
    """The alerts of tenants where the caller may manage them."""
    query = (
        select(Alert)
        .join(Alert.tenant)
        .where(Alert.deleted_at.is_(None))
        .options(selectinload(Alert.tenant), selectinload(Alert.owner), selectinload(Alert.states))
    )
    if caller.administers:
        return query
    return query.where(Tenant.slug.in_(caller.actor.tenants_with("manage-schedules")))


async def one_of(session: AsyncSession, caller: Caller, alert_id: UUID, *, lock: bool = False) -> Alert:
    """An alert that the caller may manage. Raises NotFound."""
    query = visible_to(caller).where(Alert.id == alert_id)
    found = (await session.scalars(query.with_for_update(of=Alert) if lock else query)).one_or_none()
    if found is None:
        raise errors.NotFound(_NONE)
    return found


async def _check_source(session: AsyncSession, tenant: Tenant, name: str) -> None:
    query = select(DataSource.id).where(DataSource.tenant_id == tenant.id, DataSource.name == name)
    if await session.scalar(query) is None:
        raise errors.Invalid(f"{tenant.slug} has no data source {name!r}.")


_WORST = ("firing", "error", "no_data", "pending", "normal")


def out(one: Alert) -> AlertOut:
    """A loaded alert as the API shows it; `state` is the worst of its groups."""
    states = [
        StateOut(
            group=state.group_key,
            state=state.state,
            since=state.since,
            value=state.value,
            acknowledged_by=state.acknowledged_by,
        )
        for state in one.states
    ]
    present = {state.state for state in states}
    return AlertOut(
        id=one.id,
        tenant=one.tenant.slug,
        name=one.name,
        data_source=one.data_source,
        sql=one.sql,
        on_notebook=one.notebook is not None,
        condition=one.condition,
        group_by=one.group_by,
        for_seconds=one.for_seconds,
        schedule=Times(cron=one.cron, timezone=one.timezone),
        notification=one.notification,
        owner=one.owner.username,
        is_active=one.is_active,
        muted_until=one.muted_until,
        looked_at=one.ticked_until,
        state=next((state for state in _WORST if state in present), "normal"),
        states=states,
    )


def evaluation_out(one: AlertEvaluation) -> EvaluationOut:
    """One look as the API shows it."""
    return EvaluationOut(
        id=one.id,
        at=one.created_at,
        group=one.group_key,
        state_before=one.state_before,
        state=one.state,
        value=one.value,
        threshold=one.threshold,
        rows=one.rows,
        run_id=one.run_id,
        notified=one.notified,
        error=one.error,
    )
