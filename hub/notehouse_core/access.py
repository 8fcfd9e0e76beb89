"""Access classes: who may read which rows, as a fingerprint. One class is one ClickHouse user. Pure."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

PLATFORM = "*"  # the tenant of the platform admin's own class
REQUESTS = "requests_a_minute"  # a limit of people, not of classes: on the API, not on ClickHouse
ASK_ABOVE = (
    "ask_above_rows"  # of a tenant: a cell that would read more asks before it runs; no limit by itself
)


@dataclass(frozen=True, order=True)
class TableGrant:
    """SELECT on one table of a source, for the rows that `row_filter` leaves; with `insert`, INSERT into it too.

    `table` may be "*" only for the platform's class. `columns` None means all of them.
    """

    source: str
    database: str
    table: str
    columns: tuple[str, ...] | None
    row_filter: str
    insert: bool = False

    @property
    def whole(self) -> bool:
        """Is it every row and column? Only who reads a table whole may write to it: no filter holds for what comes in."""
        return self.row_filter.strip() == "1" and self.columns is None


@dataclass(frozen=True)
class Limits:
    """What one class may use; seconds, rows, bytes and counts."""

    execution_seconds: int = 60
    rows_to_read: int = 5_000_000_000
    result_rows: int = 50_000_000
    memory_bytes: int = 4_000_000_000
    concurrent_queries: int = 20
    queries_an_hour: int = 100_000


LIMITS = (*Limits.__dataclass_fields__, REQUESTS, ASK_ABOVE)


@dataclass(frozen=True)
class AccessClass:
    """Everybody who gets exactly these rows and columns under these limits, within one tenant."""

    tenant: str
    grants: tuple[TableGrant, ...]
    limits: Limits = field(default_factory=Limits)

    @property
    def id(self) -> str:
        """Fingerprint, 20 hex characters: equal for equal rights, whatever the roles are called."""
        canonical = json.dumps(self._facts(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:20]

    def _facts(self) -> dict[str, Any]:
        """What the fingerprint is of; a right to read looks as it did before there was one to write."""
        facts = asdict(self)
        for grant in facts["grants"]:
            if not grant["insert"]:
                del grant["insert"]
        return facts

    def writes(self, database: str, table: str) -> bool:
        """May this class add rows to a table?"""
        return any(one.insert and (one.database, one.table) == (database, table) for one in self.grants)

    def reading(self) -> AccessClass:
        """The class of those who read just this, and write nothing."""
        return replace(self, grants=tuple(replace(one, insert=False) for one in self.grants))

    @property
    def writable(self) -> tuple[str, ...]:
        """The tables that rows may be added to, as database.table."""
        return tuple(sorted(f"{one.database}.{one.table}" for one in self.grants if one.insert))

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the data sources this class reads."""
        return tuple(sorted({grant.source for grant in self.grants}))


@dataclass(frozen=True)
class AccessPlan:
    """Every access class there is now, and which users hold which: the input of both writers.

    `members` are the classes by which people read, which decide what they see; `writers` those of people who may write
    too, for what they run themselves. Keys are (username, tenant), values ids of classes.
    """

    classes: Mapping[str, AccessClass]
    members: Mapping[tuple[str, str], str] = field(default_factory=dict)
    writers: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def class_of(self, username: str, tenant: str) -> AccessClass | None:
        """The class a user has in a tenant, or None for no data at all."""
        class_id = self.members.get((username, tenant))
        return self.classes.get(class_id) if class_id else None

    def writer_of(self, username: str, tenant: str) -> AccessClass | None:
        """The class by which a user writes in a tenant, or None."""
        class_id = self.writers.get((username, tenant))
        return self.classes.get(class_id) if class_id else None

    def holds(self, username: str, tenant: str, class_id: str) -> bool:
        """Does this user have exactly this class in this tenant now?"""
        return self.members.get((username, tenant)) == class_id


def make_class(tenant: str, grants: Iterable[TableGrant], limits: Limits | None = None) -> AccessClass:
    """The class of these grants; grants on the same table join as "rows of either" when they show the same columns.

    Two grants on one table with different columns keep only the columns both show, since rows and columns cannot be
    granted as pairs. A right to write is left out unless the table is read whole.
    """
    merged: dict[tuple[str, str, str], TableGrant] = {}
    for grant in sorted(set(grants), key=_sort_key):
        key = (grant.source, grant.database, grant.table)
        merged[key] = _either(merged[key], grant) if key in merged else grant
    safe = (replace(one, insert=one.insert and one.whole) for one in merged.values())
    return AccessClass(tenant, tuple(sorted(safe, key=_sort_key)), limits or Limits())


def effective_limits(quotas: Mapping[str, int], roles: Iterable[Mapping[str, int]]) -> Limits:
    """The limits of somebody with these roles: each the most that one of them allows, never more than the tenant's.

    `quotas` are the tenant's; what it does not set is the platform's own. A role lowers what it names.
    """
    known = asdict(Limits())
    tenant = {name: int(quotas.get(name, most)) for name, most in known.items()}
    lowered = [
        {name: min(int(role.get(name, most)), most) for name, most in tenant.items()} for role in roles
    ]
    return Limits(**{name: max((role[name] for role in lowered), default=tenant[name]) for name in known})


def effective_requests(default: int, places: Iterable[tuple[Mapping[str, int], Mapping[str, int]]]) -> int:
    """Requests a minute of somebody with these (quotas of a tenant, limits of a role in it): the most one allows."""
    allowed = [
        min(int(role.get(REQUESTS, quotas.get(REQUESTS, default))), int(quotas.get(REQUESTS, default)))
        for quotas, role in places
    ]
    return max(allowed, default=default)


def clickhouse_user(class_id: str) -> str:
    """Name of a class's ClickHouse user."""
    return f"nh_{class_id}"


def hub_user(class_id: str) -> str:
    """Name of the Hub user whose server is the class's kernel gateway."""
    return f"nh-{class_id}"


def clickhouse_password(class_secret: str, class_id: str) -> str:
    """A class's ClickHouse password: HMAC-SHA256 of its id, so nothing needs to be stored (RFC 2104)."""
    return hmac.new(class_secret.encode(), class_id.encode(), hashlib.sha256).hexdigest()


def _sort_key(grant: TableGrant) -> tuple[str, str, str, str, tuple[str, ...], bool]:
    return (grant.source, grant.database, grant.table, grant.row_filter, grant.columns or (), grant.insert)


def _either(one: TableGrant, other: TableGrant) -> TableGrant:
    filters = sorted({one.row_filter, other.row_filter})
    joined = "1" if "1" in filters else " OR ".join(f"({f})" for f in filters)
    joined = filters[0] if len(filters) == 1 else joined
    columns, insert = _both(one.columns, other.columns), one.insert or other.insert
    return TableGrant(one.source, one.database, one.table, columns, joined, insert)


def _both(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if one is None or other is None:
        return one if other is None else other
    return tuple(column for column in one if column in other)
