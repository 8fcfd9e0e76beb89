"""What of ours is in ClickHouse now? Read from its system tables, in the same words as `objects` says what is wanted."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from notehouse_core.row_filter import literal
from notehouse_hub.rights.grants import ENGINE
from notehouse_hub.rights.objects import OUR_POLICIES, OURS, Key, Kind
from notehouse_hub.rights.server import Server

Seen = dict[Key, Any]

_LONGEST = 50_000  # characters of filters in one question

_USERS = "SELECT name, toString(auth_type) FROM system.users WHERE match(name, {ours:String})"
_PROFILES = "SELECT name FROM system.settings_profiles WHERE match(name, {ours:String})"
_ELEMENTS = """
SELECT coalesce(profile_name, ''), coalesce(user_name, ''), coalesce(setting_name, ''), value, min, max,
    toString(writability), inherit_profile
FROM system.settings_profile_elements
WHERE match(coalesce(profile_name, user_name, ''), {ours:String}) ORDER BY profile_name, user_name, index
"""
_QUOTAS = """
SELECT name, arrayMap(key -> toString(key), keys), apply_to_all, apply_to_list, apply_to_except
FROM system.quotas WHERE match(name, {ours:String})
"""
_LIMITS = """
SELECT quota_name, duration, max_queries FROM system.quota_limits WHERE match(quota_name, {ours:String})
ORDER BY duration
"""
# Two ways of writing one filter look the same when ClickHouse itself has written them.
_AS_WRITTEN = r"formatQuerySingleLineOrNull(concat('SELECT (\n', {}, '\n)'))"
_POLICIES = f"""
SELECT short_name, database, table, coalesce({_AS_WRITTEN.format("select_filter")}, ''), is_restrictive,
    apply_to_all, apply_to_list, apply_to_except
FROM system.row_policies WHERE match(short_name, {{ours:String}})
"""  # noqa: S608 - text of our own
# Not every version knows of grants by the beginning of a name, or says on which engine a right is.
_GRANTS = """
SELECT user_name, toString(access_type), coalesce(database, ''), coalesce(table, ''), coalesce(column, ''),
    is_partial_revoke, grant_option, COLUMNS('^(is_wildcard|access_object)$')
FROM system.grants WHERE match(coalesce(user_name, ''), {ours:String})
"""
_ROLES = """
SELECT user_name, granted_role_name FROM system.role_grants WHERE match(coalesce(user_name, ''), {ours:String})
"""
_FILTERS = f"SELECT f, {_AS_WRITTEN.format('f')} FROM (SELECT arrayJoin([{{}}]) AS f)"  # noqa: S608 - text of our own


async def read(server: Server) -> Seen:
    """Return what is there. Raises StatementRefused, SourceDown."""
    of_profile, of_user = await _elements(server)
    seen: Seen = {
        (Kind.PROFILE, name, "", ""): _settings(of_profile[name])
        for (name,) in await server.rows(_PROFILES, ours=OURS)
    }
    grants = await _grants(server)
    for name, auth in await server.rows(_USERS, ours=OURS):
        own = frozenset(tuple(row) for row in of_user[name])
        seen[Kind.USER, name, "", ""] = (tuple(re.findall(r"\w+", auth)), own)
        seen[Kind.GRANTS, name, "", ""] = frozenset(grants[name])
    bounds: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for name, duration, most in await server.rows(_LIMITS, ours=OURS):
        bounds[name].append((duration, most))
    for name, keys, *to in await server.rows(_QUOTAS, ours=OURS):
        seen[Kind.QUOTA, name, "", ""] = (tuple(sorted(keys)), tuple(bounds[name]), _whom(to))
    for name, database, table, row_filter, restrictive, *to in await server.rows(
        _POLICIES, ours=OUR_POLICIES
    ):
        seen[Kind.POLICY, name, database, table] = (row_filter, restrictive, _whom(to))
    return seen


async def _elements(server: Server) -> tuple[dict[str, list[list[Any]]], dict[str, list[list[Any]]]]:
    """Lines of settings, by profile; and by user, who should have none but that of its profile."""
    of_profile: dict[str, list[list[Any]]] = defaultdict(list)
    of_user: dict[str, list[list[Any]]] = defaultdict(list)
    for profile, user, *facts in await server.rows(_ELEMENTS, ours=OURS):
        if profile:
            of_profile[profile].append(facts[:5])
        else:
            of_user[user].append(facts)
    return of_profile, of_user


async def _grants(server: Server) -> dict[str, list[tuple[str, ...]]]:
    """Grants by user; what is no plain grant, and roles, which nobody of ours has, with a word that says so."""
    found: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for user, right, database, table, column, revoke, option, *more in await server.rows(_GRANTS, ours=OURS):
        other = any(one not in {"", ENGINE} for one in more if isinstance(one, str))
        wildcard = any(one for one in more if not isinstance(one, str))
        marks = (("REVOKE", revoke), ("GRANT OPTION", option), ("WILDCARD", wildcard), ("OTHER", other))
        found[user].append((right, database, table, column, *(word for word, is_so in marks if is_so)))
    for user, role in await server.rows(_ROLES, ours=OURS):
        found[user].append(("ROLE", role))
    return found


async def as_written(server: Server, filters: Iterable[str]) -> dict[str, str]:
    """Return each filter as ClickHouse writes it; without those that it cannot read as one expression."""
    written: dict[str, str] = {}
    for some in _batches(sorted({literal(one) for one in filters})):
        rows = await server.rows(_FILTERS.format(", ".join(some)))
        written |= {raw: read for raw, read in rows if read is not None}
    return written


def _batches(literals: list[str]) -> Iterator[list[str]]:
    """A statement has a longest length."""
    batch: list[str] = []
    for one in literals:
        if batch and sum(map(len, batch)) + len(one) > _LONGEST:
            yield batch
            batch = []
        batch.append(one)
    if batch:
        yield batch


def _settings(rows: Iterable[list[Any]]) -> frozenset[tuple[str | None, ...]]:
    """One line a setting: a users file gives its value and its bounds apart."""
    merged: dict[str, tuple[str | None, ...]] = {}
    for name, *facts in rows:
        before = merged.get(name, (None,) * len(facts))
        merged[name] = tuple(new if new is not None else old for new, old in zip(facts, before, strict=True))
    return frozenset((name, *facts) for name, facts in merged.items())


def _whom(to: list[Any]) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    everyone, listed, excepted = to
    return everyone, tuple(sorted(listed)), tuple(sorted(excepted))
