"""One table of a class, as it stands in SQL: what is granted, and by which names. Both writers use it."""

from __future__ import annotations

import re

from notehouse_core.access import TableGrant

EVERYTHING = "*"
NOTHING = "NONE ON *.*"
# Tables of a session, kept in memory; the query gateway lets nobody make others, and nobody join another's session.
ENGINE = "Memory"
TEMPORARY = ("CREATE TEMPORARY TABLE ON *.*", f"TABLE ENGINE ON {ENGINE}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class PlanError(Exception):
    """An access plan holds something that cannot be written safely."""


def check(grant: TableGrant) -> None:
    """Raise PlanError for a grant without a row filter, or one that would not stay what it is in SQL."""
    where = f"{grant.database}.{grant.table}"
    if not grant.row_filter.strip():
        raise PlanError(f"{where} is granted without a row filter. Give one; 1 stands for every row.")
    if grant.table == EVERYTHING and grant.row_filter.strip() != "1":
        raise PlanError(f"{where} cannot be granted with a row filter: name the tables one by one.")
    if _CONTROL.search(grant.row_filter.replace("\n", " ").replace("\t", " ")):
        raise PlanError(f"The row filter of {where} has a control character in it.")
    if grant.insert and not grant.whole:
        raise PlanError(f"{where} cannot be written to by who does not read every row and column of it.")
    place(grant)
    for column in grant.columns or ():
        quoted(column)


def privilege(grant: TableGrant) -> str:
    """Return what is granted: what follows GRANT. A table of which no column may be seen gives nothing. Raises PlanError."""
    check(grant)
    if grant.columns is None:
        return f"SELECT{', INSERT' if grant.insert else ''} ON {place(grant)}"
    if not grant.columns:
        return NOTHING
    columns = ", ".join(quoted(column) for column in sorted(set(grant.columns)))
    return f"SELECT({columns}) ON {place(grant)}"


def place(grant: TableGrant) -> str:
    """Return `database`.`table`, or `database`.* for all of them. Raises PlanError."""
    table = EVERYTHING if grant.table == EVERYTHING else quoted(grant.table)
    return f"{quoted(grant.database)}.{table}"


def quoted(name: str) -> str:
    """Return a name as it stands in SQL. Raises PlanError for one with control characters."""
    if not name or _CONTROL.search(name):
        raise PlanError(f"{name!r} is not the name of a database, a table or a column.")
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"
