"""Why may somebody do something, or not? The rules one after the other, until one decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors, policy
from notehouse_core.access import PLATFORM, TableGrant
from notehouse_core.data_rights import DataRight
from notehouse_core.row_filter import ALL_ROWS, parse
from notehouse_core.store import dashboards, people, roles, saved_queries
from notehouse_core.store.models import Role, SavedQuery, User
from notehouse_core.store.plan import class_of
from notehouse_core.store.tenants import find_tenant

UNKNOWN = "There is no such object, or none that you may know of."


@dataclass(frozen=True)
class Step:
    """One rule that was looked at, and whether it allows."""

    rule: str
    allows: bool
    reason: str


@dataclass(frozen=True)
class Explanation:
    """The steps, and what they come to; for a table the grant that applies."""

    tenant: str
    steps: tuple[Step, ...]
    decisions: dict[str, policy.Decision] = field(default_factory=dict)
    grant: TableGrant | None = None
    roles: tuple[str, ...] = ()  # that name the table


@dataclass(frozen=True)
class Subject:
    """What is asked about: kind, tenant ("" where the person decides it), and the rest of its name."""

    kind: str
    tenant: str
    name: str

    @classmethod
    def of(cls, written: str) -> Subject:
        """Read `tenant:t`, `dashboard:t:slug`, `saved-query:id`, `table:source/db.table[@t]` or `action:name@t`."""
        kind, _, rest = written.partition(":")
        first, _, second = rest.partition(":")
        match kind:
            case "tenant" if rest:
                return cls(kind, rest, rest)
            case "dashboard" if first and second:
                return cls(kind, first, rest)
            case "saved-query" if rest:
                return cls(kind, "", rest)
            case "table" if "/" in rest and "." in rest.partition("/")[2]:
                path, _, tenant = rest.partition("@")
                return cls(kind, tenant, path)
            case "action" if "@" in rest:
                name, _, tenant = rest.rpartition("@")
                return cls(kind, tenant, name)
        message = (
            "An object is written as tenant:<slug>, dashboard:<tenant>:<slug>, saved-query:<id>, "
            "table:<source>/<database>.<table>[@<tenant>] or action:<name>@<tenant>."
        )
        raise errors.Invalid(message, fields=[{"field": "object", "message": message}])


def explain_tenant(user: User, tenant: str) -> Explanation:
    """May somebody enter a tenant, and what may they do there?"""
    actor = people.actor_of(user)
    steps = [_account(user), *_memberships(user, tenant)]
    decisions = {name: policy.decide(actor, name, policy.Resource(tenant)) for name in policy.ACTIONS}
    enters = actor.platform_admin or tenant in actor.tenants
    reason = "belongs to" if tenant in actor.tenants else "may administer" if enters else "does not belong to"
    steps.append(Step("tenant", enters, f"{user.username} {reason} {tenant}."))
    return Explanation(tenant, tuple(steps), decisions)


def explain_action(user: User, tenant: str, action: str) -> Explanation:
    """May somebody do something in a tenant? Raises Invalid for what is no action."""
    if action not in policy.ACTIONS:
        known = ", ".join(policy.ACTIONS)
        raise errors.Invalid(f"There is no action {action[:60]}; there are: {known}.")
    decided = policy.decide(people.actor_of(user), action, policy.Resource(tenant))
    steps = (_account(user), *_memberships(user, tenant), _step("action", decided))
    return Explanation(tenant, steps, {action: decided})


async def explain_dashboard(session: AsyncSession, user: User, asker: policy.Actor, name: str) -> Explanation:
    """What may somebody do with a dashboard? Raises NotFound for one that the asker may not know of."""
    found = await dashboards.find(session, name)
    if found is None or (
        not _known(asker, found.tenant.slug)
        and not any(
            dashboards.decision(asker, right, found) for right in policy.RESOURCE_ACTIONS["dashboard"]
        )
    ):
        raise errors.NotFound(UNKNOWN)
    actor, tenant = people.actor_of(user), found.tenant.slug
    decisions = {
        right: dashboards.decision(actor, right, found) for right in policy.RESOURCE_ACTIONS["dashboard"]
    }
    return _about_a_thing(user, tenant, decisions)


async def explain_saved_query(
    session: AsyncSession, user: User, asker: policy.Actor, name: str
) -> Explanation:
    """What may somebody do with a saved query? Raises NotFound for one that the asker may not know of."""
    try:
        query = saved_queries.loaded().where(SavedQuery.id == UUID(name))
        found = (await session.scalars(query)).one_or_none()
    except ValueError:
        found = None
    rights = policy.RESOURCE_ACTIONS["saved-query"]
    if found is None or (
        not _known(asker, found.tenant.slug)
        and not any(saved_queries.decision(asker, right, found) for right in rights)
    ):
        raise errors.NotFound(UNKNOWN)
    actor = people.actor_of(user)
    decisions = {right: saved_queries.decision(actor, right, found) for right in rights}
    return _about_a_thing(user, found.tenant.slug, decisions)


async def explain_table(session: AsyncSession, user: User, tenant: str, name: str) -> Explanation:
    """Which rows and columns of a table does somebody read in a tenant, by which of their roles?"""
    source, _, path = name.partition("/")
    database, _, table = path.partition(".")
    wanted = DataRight(source, database, table)
    wanted.check()
    steps = [_account(user)]
    if tenant != PLATFORM:
        await find_tenant(session, tenant)
        steps += [*_memberships(user, tenant), *_table_steps(user, tenant, wanted)]
    grant, why_not = await _grant(session, user, tenant, wanted)
    naming = tuple(sorted(one.name for one in _roles(user, tenant) if _names(one, wanted)))
    decided = policy.Decision(grant is not None, why_not or _what(user, grant, name))
    steps.append(_step("rows", decided))
    return Explanation(tenant, tuple(steps), {"select": decided}, grant, naming)


async def _grant(
    session: AsyncSession, user: User, tenant: str, wanted: DataRight
) -> tuple[TableGrant | None, str]:
    """What somebody's class reads of a table; or None, and why."""
    try:
        access = await class_of(session, user.username, tenant)
    except errors.NotFound as error:
        return None, error.message
    for one in access.grants:
        here = (one.source, one.database) == (wanted.data_source, wanted.database)
        if here and one.table in {wanted.table, "*"}:
            return TableGrant(one.source, one.database, wanted.table, one.columns, one.row_filter), ""
    table = wanted.resource.partition(":")[2]
    if any(_names(role, wanted) for role in _roles(user, tenant)):
        return None, f"{user.username} lacks what the filters on {table} need: no value, no rows."
    return None, f"No role of {user.username} reads {table}."


def _what(user: User, grant: TableGrant | None, name: str) -> str:
    if grant is None:
        return ""
    rows = "all rows" if grant.row_filter == ALL_ROWS else f"the rows {grant.row_filter}"
    columns = "all columns" if grant.columns is None else f"the columns {', '.join(grant.columns)}"
    return f"{user.username} reads {rows} and {columns} of {name}."


def _roles(user: User, tenant: str) -> list[Role]:
    return [one.role for one in user.memberships if one.tenant.slug == tenant]


def _names(role: Role, wanted: DataRight) -> bool:
    return any(one.resource == wanted.resource for one in roles.rights_of(role))


def _about_a_thing(user: User, tenant: str, decisions: dict[str, policy.Decision]) -> Explanation:
    steps = [_account(user), *_memberships(user, tenant)]
    steps += [_step(right, decided) for right, decided in decisions.items()]
    return Explanation(tenant, tuple(steps), decisions)


def _known(asker: policy.Actor, tenant: str) -> bool:
    """Whoever manages a tenant's members is told of its things, so that they can help."""
    return bool(policy.decide(asker, "manage-members", policy.Resource(tenant)))


def _account(user: User) -> Step:
    state = "is open" if user.is_active else "is closed"
    return Step("account", user.is_active, f"The account {user.username} {state}.")


def _memberships(user: User, tenant: str) -> Iterable[Step]:
    for one in user.memberships:
        if one.tenant.slug == tenant:
            given = "by a group of the provider" if one.origin == "oidc" else "here"
            yield Step("role", True, f"{user.username} has the role {one.role.name}, given {given}.")


def _table_steps(user: User, tenant: str, wanted: DataRight) -> Iterable[Step]:
    """What each role of somebody says of a table."""
    for role in _roles(user, tenant):
        for right in roles.rights_of(role):
            if right.resource == wanted.resource:
                yield _right_step(user, role.name, right)


def _right_step(user: User, role: str, right: DataRight) -> Step:
    try:
        filled = parse(right.row_filter).sql(user.attributes)
    except KeyError as error:
        missing = str(error.args[0])
        return Step(
            "permission",
            False,
            f"The role {role} reads rows {right.row_filter}, but {user.username} lacks {missing}.",
        )
    except errors.Invalid as error:
        return Step("permission", False, f"The role {role} has a filter that cannot be read: {error.message}")
    return Step("permission", True, f"The role {role} reads rows {filled}.")


def _step(rule: str, decided: policy.Decision) -> Step:
    return Step(rule, decided.allowed, decided.reason)
