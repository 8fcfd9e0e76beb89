"""Who did what: the audit, searched, exported and verified."""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Response
from pydantic import AwareDatetime, BaseModel
from sqlalchemy import Select, Text, cast, func, select

from notehouse_core import errors
from notehouse_core.store.models import AuditEvent, Tenant
from notehouse_hub.service.api.route import ApiRouter, as_file
from notehouse_hub.service.auditing import AuditDep
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.pagination import Page, PageDep, fetch_page, matches
from notehouse_hub.service.resources import SessionDep
from notehouse_hub.service.table_export import defused

router = ApiRouter(prefix="/audit", tags=["Audit"])

READ = "read-audit"
MOST_EXPORTED = 100_000
_SEARCHED = (AuditEvent.actor, AuditEvent.action, AuditEvent.object, cast(AuditEvent.details, Text))
_COLUMNS = ("number", "time", "tenant", "actor", "action", "object", "details", "address", "request_id")
_Text = Annotated[str, Query(max_length=200)]


class AuditEventOut(BaseModel):
    """One thing that somebody did; `details` hold what was there before and after."""

    number: int
    time: datetime
    tenant: str | None
    actor: str
    action: str
    object: str
    details: dict[str, Any]
    address: str | None
    request_id: str | None


class Verification(BaseModel):
    """Whether the chain of hashes is whole, and the number of the first event that does not fit."""

    whole: bool
    events: int
    first_break: int | None


@dataclass(frozen=True)
class AuditFilter:
    """Which events are asked for; `since` is included, `until` is not."""

    actor: str
    action: str
    object: str
    tenant: str
    since: datetime | None
    until: datetime | None

    @property
    def said(self) -> dict[str, str]:
        """The conditions that were given."""
        return {name: str(value) for name, value in vars(self).items() if value}

    def apply(self, query: Select[Any]) -> Select[Any]:
        """Return the query with these conditions."""
        for column, value in (
            (AuditEvent.actor, self.actor),
            (AuditEvent.object, self.object),
            (AuditEvent.action, "" if self.action.endswith("*") else self.action),
        ):
            query = query.where(column == value) if value else query
        if self.action.endswith("*"):
            query = query.where(AuditEvent.action.startswith(self.action[:-1], autoescape=True))
        if self.tenant:
            query = query.where(AuditEvent.tenant_id.in_(select(Tenant.id).where(Tenant.slug == self.tenant)))
        query = query.where(AuditEvent.created_at >= self.since) if self.since else query
        return query.where(AuditEvent.created_at < self.until) if self.until else query


async def audit_filter(
    actor: _Text = "",
    action: Annotated[str, Query(max_length=200, description="`change-*`: all that change something")] = "",
    object: _Text = "",
    tenant: Annotated[str, Query(max_length=63)] = "",
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> AuditFilter:
    """Read which events a request asks for."""
    return AuditFilter(actor, action, object, tenant, since, until)


@router.get("", response_model=Page[AuditEventOut], responses=as_file("text/csv", "application/jsonl"))
async def audit(
    caller: CallerDep,
    session: SessionDep,
    wanted: PageDep,
    chosen: Annotated[AuditFilter, Depends(audit_filter)],
    write: AuditDep,
    format: Literal["json", "csv", "jsonl"] = "json",
) -> Any:
    """List what was done, newest first; `format` csv or jsonl exports all that is asked for, page left aside."""
    query = chosen.apply(visible_to(caller))
    if format != "json":
        await write(caller.actor.name, "export-audit", format=format, about=chosen.said)
        return await _export(session, query, wanted.search, format)
    found, total = await fetch_page(
        session,
        query,
        wanted.model_copy(update={"sort": wanted.sort or "-number"}),
        searched=_SEARCHED,
        sorts={"number": AuditEvent.number, "time": AuditEvent.created_at},
    )
    names = await _tenants(session)
    return wanted.answer([_out(one, names) for one in found], total)


@router.get("/verify")
async def verify(caller: CallerDep, session: SessionDep) -> Verification:
    """Look through the whole chain of hashes, as the platform admin."""
    _ = caller.person
    if not caller.administers:
        raise errors.Forbidden("Only an administrator of the platform verifies the audit.")
    broken = await session.scalar(select(func.notehouse_audit_break()))
    events = await session.scalar(select(func.count()).select_from(AuditEvent))
    return Verification(whole=broken is None, events=events or 0, first_break=broken)


def visible_to(caller: Caller) -> Select[Any]:
    """The events that the caller may read: those of tenants whose audit is theirs, all for the platform admin.

    Raises Forbidden for whoever reads no tenant's audit.
    """
    if caller.administers:
        return select(AuditEvent)
    _ = caller.person
    mine = caller.actor.tenants_with(READ)
    if not mine:
        raise errors.Forbidden("No role of yours allows this: See who did what in the tenant. Ask an admin.")
    return select(AuditEvent).where(AuditEvent.tenant_id.in_(select(Tenant.id).where(Tenant.slug.in_(mine))))


async def _export(session: SessionDep, query: Select[Any], search: str, format: str) -> Response:
    """All events of a query, oldest first. Raises TooLarge rather than leave some out."""
    query = query.where(matches(search, _SEARCHED)) if search else query
    ordered = query.order_by(AuditEvent.number).limit(MOST_EXPORTED + 1)
    found = list(await session.scalars(ordered))
    if len(found) > MOST_EXPORTED:
        raise errors.TooLarge(
            f"These are more than {MOST_EXPORTED:,} events. Ask for less time with since and until."
        )
    names = await _tenants(session)
    rows = (_out(one, names).model_dump(mode="json") for one in found)
    content, kind = (_csv(rows), "text/csv") if format == "csv" else (_lines(rows), "application/jsonl")
    headers = {"Content-Disposition": f'attachment; filename="audit.{format}"'}
    return Response(content, media_type=kind, headers=headers)


def _csv(rows: Iterable[dict[str, Any]]) -> str:
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(_COLUMNS)
    for row in rows:
        row["details"] = json.dumps(row["details"])
        lines.writerow([defused(row[column]) for column in _COLUMNS])
    return text.getvalue()


def _lines(rows: Iterable[dict[str, Any]]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


async def _tenants(session: SessionDep) -> dict[Any, str]:
    return dict(row._tuple() for row in await session.execute(select(Tenant.id, Tenant.slug)))


def _out(one: AuditEvent, tenants: dict[Any, str]) -> AuditEventOut:
    return AuditEventOut(
        number=one.number,
        time=one.created_at,
        tenant=tenants.get(one.tenant_id),
        actor=one.actor,
        action=one.action,
        object=one.object,
        details=one.details,
        address=one.address,
        request_id=one.request_id,
    )
