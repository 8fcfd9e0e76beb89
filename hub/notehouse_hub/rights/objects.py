"""An AccessPlan as ClickHouse's own objects, each with the SQL that makes it and the way it looks once it is there. Pure.

A class is a user, its profile, its quota, row policies and grants. On each table its filter stands as a restrictive
policy, which nothing else can widen, above a permissive one that lets rows through at all. The order is in the kinds:
who may read a table is granted last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from notehouse_core.access import (
    AccessClass,
    AccessPlan,
    TableGrant,
    clickhouse_password,
    clickhouse_user,
)
from notehouse_core.row_filter import literal
from notehouse_hub.rights.grants import EVERYTHING, NOTHING, TEMPORARY, PlanError, place, privilege, quoted
from notehouse_hub.rights.profile import (
    GATE_ID,
    GATE_USER,
    QUOTA_SECONDS,
    Bound,
    Profile,
    profile_of,
    profile_of_gate,
)

BASE = "_base"  # the permissive policy's name ends so
OURS = r"^nh_([0-9a-f]{20}|gate)$"  # names of the users, profiles and quotas that are ours; nothing else is touched
OUR_POLICIES = rf"^nh_[0-9a-f]{{20}}({BASE})?$"
_ALL_ROWS = "1"


class Kind(IntEnum):
    """What there is, in the order in which it is made."""

    PROFILE = 1
    USER = 2
    QUOTA = 3
    POLICY = 4
    GRANTS = 5


Key = tuple[Kind, str, str, str]  # kind, name, and for policies database and table ("": all of them)


@dataclass(frozen=True)
class Thing:
    """One object: whose it is, what makes it, what makes it right again, and how the system tables show it."""

    key: Key
    user: str
    make: str
    mend: str
    looks: Any


@dataclass(frozen=True)
class Wanted:
    """What should be there; and the users of those classes that cannot be written, with the reason."""

    things: dict[Key, Thing]
    passwords: dict[str, str]  # by user
    refused: dict[str, str] = field(default_factory=dict)


def wanted_of(plan: AccessPlan, class_secret: str, known: frozenset[str] | None = None) -> Wanted:
    """Return what a plan asks for. `known`: the settings this ClickHouse has; nobody can give one it does not have.

    A class with a name or filter that cannot be written safely is left out, and only that one.
    """
    things: dict[Key, Thing] = {}
    passwords = {GATE_USER: clickhouse_password(class_secret, GATE_ID)}
    refused: dict[str, str] = {}
    for thing in _gate(passwords[GATE_USER], known):
        things[thing.key] = thing
    for class_id, one in sorted(plan.classes.items()):
        user, password = clickhouse_user(class_id), clickhouse_password(class_secret, class_id)
        try:
            made = {thing.key: thing for thing in _class(user, one, password, known)}
        except PlanError as error:
            refused[user] = str(error)
            continue
        things |= made
        passwords[user] = password
    return Wanted(things, passwords, refused)


def _gate(password: str, known: frozenset[str] | None) -> Iterator[Thing]:
    yield _profile(GATE_USER, profile_of_gate(), known)
    yield _user(GATE_USER, password)
    yield _grants(GATE_USER, ())


def _class(user: str, one: AccessClass, password: str, known: frozenset[str] | None) -> Iterator[Thing]:
    yield _profile(user, profile_of(one.limits, writes=bool(one.writable)), known)
    yield _user(user, password)
    yield _quota(user, one.limits.queries_an_hour)
    places: set[str] = set()
    for grant in one.grants:
        if (named := place(grant)) in places:
            raise PlanError(f"{named} is granted twice to one class.")
        places.add(named)
        yield from _policies(user, grant)
    yield _grants(user, one.grants)


def _profile(user: str, settings: Profile, known: frozenset[str] | None) -> Thing:
    bounds = {name: bound for name, bound in settings.items() if known is None or name in known}
    listed = ", ".join(_setting(name, bound) for name, bound in bounds.items())
    looks = frozenset(
        (name, bound.value, bound.least, bound.most, "CONST" if bound.const else None)
        for name, bound in bounds.items()
    )
    make = f"CREATE SETTINGS PROFILE IF NOT EXISTS {quoted(user)} SETTINGS {listed}"
    mend = f"ALTER SETTINGS PROFILE {quoted(user)} SETTINGS {listed}"
    return Thing((Kind.PROFILE, user, "", ""), user, make, mend, looks)


def _setting(name: str, bound: Bound) -> str:
    words = [name]
    if bound.value is not None:
        words.append(f"= {bound.value if bound.value.isdecimal() else literal(bound.value)}")
    if bound.least is not None:
        words.append(f"MIN {bound.least}")
    if bound.most is not None:
        words.append(f"MAX {bound.most}")
    return " ".join([*words, "CONST"] if bound.const else words)


def _user(user: str, password: str) -> Thing:
    hashed = hashlib.sha256(password.encode()).hexdigest()
    account = f"{quoted(user)} IDENTIFIED WITH sha256_hash BY '{hashed}' HOST ANY"
    profile = f"SETTINGS PROFILE {literal(user)}"
    looks = (("sha256_password",), frozenset({("", None, None, None, None, user)}))
    make, mend = f"CREATE USER IF NOT EXISTS {account} {profile}", f"ALTER USER {account} {profile}"
    return Thing((Kind.USER, user, "", ""), user, make, mend, looks)


def _quota(user: str, queries: int) -> Thing:
    """Counted for each user of a class apart: the gateway gives the user's name as the quota's key."""
    content = (
        f"{quoted(user)} KEYED BY client_key, user_name FOR INTERVAL {QUOTA_SECONDS} second "
        f"MAX queries = {queries} TO {quoted(user)}"
    )
    looks = (("client_key", "user_name"), ((QUOTA_SECONDS, queries),), (0, (user,), ()))
    make, mend = f"CREATE QUOTA IF NOT EXISTS {content}", f"ALTER QUOTA {content}"
    return Thing((Kind.QUOTA, user, "", ""), user, make, mend, looks)


def _policies(user: str, grant: TableGrant) -> Iterator[Thing]:
    privilege(grant)  # refuses what cannot be written
    if grant.row_filter.strip() != _ALL_ROWS:
        yield _policy(user, user, grant, grant.row_filter)
    yield _policy(user + BASE, user, grant, _ALL_ROWS)


def _policy(name: str, user: str, grant: TableGrant, row_filter: str) -> Thing:
    """A filter stands on lines of its own, so that a comment in it ends with it."""
    restrictive = name == user
    content = (
        f"{quoted(name)} ON {place(grant)} AS {'RESTRICTIVE' if restrictive else 'PERMISSIVE'} "
        f"FOR SELECT USING (\n{row_filter}\n) TO {quoted(user)}"
    )
    table = "" if grant.table == EVERYTHING else grant.table
    looks = (row_filter, int(restrictive), (0, (user,), ()))
    make, mend = f"CREATE ROW POLICY IF NOT EXISTS {content}", f"ALTER ROW POLICY {content}"
    return Thing((Kind.POLICY, name, grant.database, table), user, make, mend, looks)


def _grants(user: str, grants: tuple[TableGrant, ...]) -> Thing:
    """All grants at once, in place of all that were there."""
    privileges = [privilege(grant) for grant in grants]
    temporary = TEMPORARY if grants else ()
    given = ", ".join([*(one for one in privileges if one != NOTHING), *temporary]) or NOTHING
    statement = f"GRANT {given} TO {quoted(user)} WITH REPLACE OPTION"
    looks = frozenset(row for grant in grants for row in _rows(grant))
    looks |= frozenset((one.partition(" ON ")[0], "", "", "") for one in temporary)
    return Thing((Kind.GRANTS, user, "", ""), user, statement, statement, looks)


def _rows(grant: TableGrant) -> Iterator[tuple[str, str, str, str]]:
    """A grant as system.grants shows it: a line for each column."""
    table = "" if grant.table == EVERYTHING else grant.table
    columns = ("",) if grant.columns is None else grant.columns
    for column in columns:
        yield ("SELECT", grant.database, table, column)
    if grant.insert:
        yield ("INSERT", grant.database, table, "")


def drop(key: Key) -> str:
    """Return what removes an object that is not wanted. Row policies go by table, the others by name."""
    kind, name, database, table = key
    if kind is Kind.POLICY:
        where = f"{quoted(database)}.{quoted(table) if table else EVERYTHING}"
        return f"DROP ROW POLICY IF EXISTS {quoted(name)} ON {where}"
    if kind is Kind.GRANTS:
        return f"REVOKE ALL PRIVILEGES ON *.* FROM {quoted(name)}"
    return f"DROP {kind.name.replace('PROFILE', 'SETTINGS PROFILE')} IF EXISTS {quoted(name)}"
