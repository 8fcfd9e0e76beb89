"""Why somebody may do something, or not: for themselves, for who manages their tenant, and for the platform admin."""

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors
from notehouse_core.access import PLATFORM
from notehouse_core.store import people
from notehouse_core.store.isolation import everywhere
from notehouse_core.store.models import User
from notehouse_hub.service import explaining
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.auditing import AuditDep
from notehouse_hub.service.explaining import Explanation, Subject
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.resources import ResourcesDep, SessionDep
from notehouse_hub.service.warehouse_tables import rows_left

router = ApiRouter(prefix="/explain-access", tags=["Access"])


class Step(BaseModel):
    """A rule that was looked at, and whether it allows."""

    rule: str
    allows: bool
    reason: str


class Rule(BaseModel):
    """One question about the object, the answer, and the rule that gives it."""

    action: str
    allowed: bool
    reason: str


class TableAccess(BaseModel):
    """What somebody reads of a table: the roles that say so, the filter they come to, and how many rows it leaves."""

    roles: list[str]
    columns: list[str] | None
    row_filter: str
    rows: int


class ExplainedAccess(BaseModel):
    """`allowed` tells of seeing: entering a tenant, viewing a thing, reading a table, doing an action."""

    user: str
    object: str
    tenant: str
    allowed: bool
    reason: str
    steps: list[Step]
    rules: list[Rule]
    table: TableAccess | None


@router.get("")
async def explain_access(
    caller: CallerDep,
    session: SessionDep,
    resources: ResourcesDep,
    audit: AuditDep,
    object: Annotated[str, Query(max_length=500, examples=["dashboard:united:punctuality"])],
    user: Annotated[str | None, Query(max_length=64, description="oneself when left out")] = None,
    tenant: Annotated[
        str | None, Query(max_length=63, description="of a table, for people of several")
    ] = None,
) -> ExplainedAccess:
    """Explain which rules allow or deny something to somebody; for a table, which rows they read."""
    asked, subject = await _asked(session, caller, user), Subject.of(object)
    found = await _explained(session, caller, asked, subject, tenant)
    if asked.username != caller.actor.name:
        await audit(caller.actor.name, "explain-access", asked.username, about=object)
    table = None
    if found.grant is not None:
        (count,) = await rows_left(resources.clickhouse, [found.grant])
        columns = list(found.grant.columns) if found.grant.columns is not None else None
        table = TableAccess(
            roles=list(found.roles), columns=columns, row_filter=found.grant.row_filter, rows=count
        )
    return _out(asked, object, found, table)


async def _asked(session: AsyncSession, caller: Caller, name: str | None) -> User:
    """The person, with what the asker may know of them. Raises NotFound for others' people."""
    _ = caller.person
    if name is None or name == caller.actor.name:
        return caller.person
    if caller.administers:
        async with everywhere(session):
            found = await people.find_user(session, name)
    else:
        found = await people.find_user(session, name)
    if found is None or not (
        caller.administers or any(caller.manages(one.tenant.slug) for one in found.memberships)
    ):
        raise errors.NotFound("There is no such account.")
    return found


async def _explained(
    session: AsyncSession, caller: Caller, asked: User, subject: Subject, tenant: str | None
) -> Explanation:
    if subject.tenant and not (subject.tenant == PLATFORM and asked.is_admin):
        _check_tenant(caller, asked, subject.tenant)
    match subject.kind:
        case "tenant":
            return explaining.explain_tenant(asked, subject.tenant)
        case "action":
            return explaining.explain_action(asked, subject.tenant, subject.name)
        case "dashboard":
            return await explaining.explain_dashboard(session, asked, caller.actor, subject.name)
        case "saved-query":
            found = await explaining.explain_saved_query(session, asked, caller.actor, subject.name)
            _check_tenant(caller, asked, found.tenant)
            return found
    place = _tenant_of(caller, asked, subject.tenant or tenant)
    return await explaining.explain_table(session, asked, place, subject.name)


def _check_tenant(caller: Caller, asked: User, tenant: str) -> None:
    """Raise NotFound for a tenant in which the asker may not ask about this person."""
    mine = asked.username == caller.actor.name and tenant in caller.actor.tenants
    if not (mine or caller.administers or caller.manages(tenant)):
        raise errors.NotFound(explaining.UNKNOWN)


def _tenant_of(caller: Caller, asked: User, wanted: str | None) -> str:
    """The tenant in which a table is read."""
    if asked.is_admin and wanted in {None, PLATFORM}:
        return PLATFORM
    places = sorted({one.tenant.slug for one in asked.memberships if one.tenant.is_active})
    known = [
        one
        for one in places
        if caller.administers or caller.manages(one) or asked.username == caller.actor.name
    ]
    if wanted is None and len(known) == 1:
        return known[0]
    if wanted is None or wanted not in known:
        raise errors.Invalid(
            f"Name a tenant of {asked.username}: {', '.join(known) or 'there is none that you may know of'}.",
            fields=[{"field": "tenant", "message": "is not one of theirs"}],
        )
    return wanted


def _out(asked: User, object: str, found: Explanation, table: TableAccess | None) -> ExplainedAccess:
    decisive = next(iter(found.decisions.items()), None)
    last = found.steps[-1]
    if decisive is not None and not object.startswith("tenant:"):
        allowed, reason = decisive[1].allowed, decisive[1].reason
    else:
        allowed, reason = last.allows, last.reason
    return ExplainedAccess(
        user=asked.username,
        object=object,
        tenant=found.tenant,
        allowed=allowed,
        reason=reason,
        steps=[Step(rule=one.rule, allows=one.allows, reason=one.reason) for one in found.steps],
        rules=[
            Rule(action=name, allowed=one.allowed, reason=one.reason) for name, one in found.decisions.items()
        ],
        table=table,
    )
