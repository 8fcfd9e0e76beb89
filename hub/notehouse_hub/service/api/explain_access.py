"""Who may do what, and why: the rule that allows or denies, and for a table the rows that it leaves."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors, policy
from notehouse_core.access import PLATFORM, TableGrant
from notehouse_core.data_rights import DataRight
from notehouse_core.store import dashboards, people, roles, saved_queries
from notehouse_core.store.models import Role, User
from notehouse_core.store.plan import class_of
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.resources import Resources, ResourcesDep, SessionDep
from notehouse_hub.service.warehouse_tables import rows_left

router = APIRouter(prefix="/explain-access", tags=["Access"])

FORMS = (
    "tenant:<slug>",
    "action:<action>@<tenant>",
    "dashboard:<tenant>:<slug>",
    "saved-query:<id>",
    "table:<source>/<database>.<table>@<tenant>",
)


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


class Explanation(BaseModel):
    """What somebody may do with an object, and why."""

    user: str
    object: str
    rules: list[Rule]
    table: TableAccess | None = None


@dataclass(frozen=True)
class _Question:
    """Whom it is about, what of, and who asks."""

    user: User
    actor: policy.Actor
    rest: str
    caller: Caller
    session: AsyncSession
    resources: Resources


@router.get("")
async def explain(
    caller: CallerDep,
    session: SessionDep,
    resources: ResourcesDep,
    object: Annotated[str, Query(max_length=500, description=" · ".join(FORMS))],
    user: Annotated[str | None, Query(max_length=64, description="oneself when left out")] = None,
) -> Explanation:
    """Explain what somebody may do with an object: oneself, a member of a tenant one manages, or anybody as its admin."""
    kind, colon, rest = object.partition(":")
    if not colon or kind not in _KINDS:
        raise errors.Invalid(
            f"An object is one of {', '.join(FORMS)}.",
            fields=[{"field": "object", "message": "is of no known form"}],
        )
    name = user or caller.actor.name
    about = await people.find_user(session, name)
    if about is None or not _may_ask(caller, about):
        raise errors.NotFound("There is no such active account, or none that you may know of.")
    question = _Question(about, people.actor_of(about), rest, caller, session, resources)
    rules, table = await _KINDS[kind](question)
    return Explanation(user=name, object=object, rules=rules, table=table)


def _may_ask(caller: Caller, about: User) -> bool:
    mine = caller.actor.name == about.username
    return mine or caller.administers or any(caller.manages(one.tenant.slug) for one in about.memberships)


_Answer = tuple[list[Rule], TableAccess | None]


async def _tenant(asked: _Question) -> _Answer:
    _check_tenant(asked, asked.rest)
    resource = policy.Resource(asked.rest)
    return [_rule(action, policy.decide(asked.actor, action, resource)) for action in policy.ACTIONS], None


async def _action(asked: _Question) -> _Answer:
    action, _, tenant = asked.rest.partition("@")
    _check_tenant(asked, tenant)
    if action not in policy.ACTIONS:
        raise errors.Invalid(f"There is no action {action}; there are {', '.join(policy.ACTIONS)}.")
    return [_rule(action, policy.decide(asked.actor, action, policy.Resource(tenant)))], None


async def _dashboard(asked: _Question) -> _Answer:
    found = await dashboards.find(asked.session, asked.rest)
    if found is None:
        raise errors.NotFound("There is no such dashboard, or none that you may know of.")
    _check_tenant(asked, found.tenant.slug)
    if not any(dashboards.decision(asked.caller.actor, one, found) for one in ("view", "admin")):
        raise errors.NotFound("There is no such dashboard, or none that you may know of.")
    actions = policy.RESOURCE_ACTIONS["dashboard"]
    return [_rule(one, dashboards.decision(asked.actor, one, found)) for one in actions], None


async def _saved_query(asked: _Question) -> _Answer:
    try:
        found = await saved_queries.find(asked.session, asked.caller.actor, UUID(asked.rest))
    except ValueError:
        found = None
    if found is None:
        raise errors.NotFound("There is no such saved query, or none that you may know of.")
    actions = policy.RESOURCE_ACTIONS[saved_queries.KIND]
    return [_rule(one, saved_queries.decision(asked.actor, one, found)) for one in actions], None


async def _table(asked: _Question) -> _Answer:
    """The roles that name the table, and what they come to with the person's attributes filled in."""
    path, _, tenant = asked.rest.rpartition("@")
    _check_tenant(asked, tenant)
    source, _, table = path.partition("/")
    grant = await _grant(asked, tenant, source, table)
    naming = [
        one for one in _roles(asked, tenant) if any(_names(right, path) for right in roles.rights_of(one))
    ]
    names = sorted(one.name for one in naming)
    if grant is None:
        return [Rule(action="select", allowed=False, reason=_why_not(asked, names, path))], None
    (rows,) = await rows_left(asked.resources.clickhouse, [grant])
    reason = f"{' and '.join(names) or 'The platform admin'} may read rows of it: {grant.row_filter}"
    access = TableAccess(
        roles=names,
        columns=list(grant.columns) if grant.columns is not None else None,
        row_filter=grant.row_filter,
        rows=rows,
    )
    return [Rule(action="select", allowed=True, reason=reason)], access


async def _grant(asked: _Question, tenant: str, source: str, table: str) -> TableGrant | None:
    try:
        held = await class_of(asked.session, asked.user.username, tenant)
    except errors.NotFound:
        return None
    for one in held.grants:
        if one.source == source and f"{one.database}.{one.table}" == table:
            return one
    return None


def _why_not(asked: _Question, names: list[str], path: str) -> str:
    if names:
        return f"{' and '.join(names)} would, but {asked.user.username} lacks an attribute that its filter needs."
    return f"No role of {asked.user.username} names {path}."


def _roles(asked: _Question, tenant: str) -> list[Role]:
    return [one.role for one in asked.user.memberships if one.tenant.slug == tenant]


def _names(right: DataRight, path: str) -> bool:
    return f"{right.data_source}/{right.database}.{right.table}" == path


def _check_tenant(asked: _Question, tenant: str) -> None:
    """Raise NotFound for a tenant of which the caller is no member: that there is one is not told."""
    known = asked.caller.administers or tenant in asked.caller.actor.tenants
    if not known or tenant == PLATFORM:
        raise errors.NotFound("There is no such tenant, or none that you may know of.")


def _rule(action: str, decided: policy.Decision) -> Rule:
    return Rule(action=action, allowed=decided.allowed, reason=decided.reason)


_KINDS: dict[str, Callable[[_Question], Awaitable[_Answer]]] = {
    "tenant": _tenant,
    "action": _action,
    "dashboard": _dashboard,
    "saved-query": _saved_query,
    "table": _table,
}
