"""What ClickHouse knows of tables that rights name, asked as its administrator: do they exist, how many rows are left?

Nothing goes there but names in quotes, and filters that were parsed and compiled.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence

from notehouse_core import errors
from notehouse_core.access import TableGrant
from notehouse_core.data_rights import DataRight
from notehouse_core.row_filter import parse
from notehouse_hub.rights.server import Server, StatementRefused

_SECONDS = 10
_TOO_SLOW = "159"
_COLUMNS = """
SELECT database, table, name FROM system.columns
WHERE (database, table) IN (SELECT * FROM values('database String, table String', {places})) """


async def check_tables(server: Server, rights: Sequence[DataRight], home: str | None = None) -> None:
    """Raise Invalid for a column that a known table lacks, or a table that the database `home` lacks.

    Where ClickHouse does not answer, nothing is known, and so nothing refused.
    """
    if not rights:
        return
    try:
        known = await _columns(server, {(one.database, one.table) for one in rights})
    except errors.SourceDown:
        return
    for one in rights:
        columns = known.get((one.database, one.table))
        if columns is None and one.database == home:
            raise _wrong("table", f"{one.database} has no table {one.table}.")
        asked = parse(one.row_filter).columns.union(one.columns or ())
        if columns is not None and (unknown := sorted(asked - columns)):
            raise _wrong("columns", f"{one.database}.{one.table} has no column {unknown[0]}.")


async def rows_left(server: Server, grants: Iterable[TableGrant]) -> list[int]:
    """Count the rows that each grant leaves. Raises Invalid for a filter that does not fit its table, SourceDown."""
    return list(await asyncio.gather(*(_count(server, one) for one in grants)))


async def _columns(server: Server, places: set[tuple[str, str]]) -> dict[tuple[str, str], set[str]]:
    values = ", ".join(f"({_text(database)}, {_text(table)})" for database, table in sorted(places))
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for database, table, name in await server.rows(_COLUMNS.format(places=values)):
        found[database, table].add(name)
    return found


async def _count(server: Server, grant: TableGrant) -> int:
    table = f"{_quoted(grant.database)}.{_quoted(grant.table)}"
    statement = f"SELECT countIf({grant.row_filter}) FROM {table} SETTINGS max_execution_time = {_SECONDS}"  # noqa: S608
    try:
        ((count,),) = await server.rows(statement)
    except StatementRefused as error:
        if str(error.details.get("code")) == _TOO_SLOW:
            raise errors.SourceTimeout(
                f"Counting the rows of {table} takes longer than {_SECONDS} seconds."
            ) from error
        raise _wrong(
            "row_filter",
            f"The filter on {grant.database}.{grant.table} does not fit the table: look at the types.",
        ) from error
    return int(count)


def _text(name: str) -> str:
    """A name (letters, digits and _ alone, as rights have it) as a literal."""
    return f"'{name}'"


def _quoted(name: str) -> str:
    return f"`{name}`"


def _wrong(field: str, message: str) -> errors.Invalid:
    return errors.Invalid(message, fields=[{"field": f"permissions.{field}", "message": message}])
