"""What would have read less, said after a query that read much."""

from __future__ import annotations

import re
from collections.abc import Iterator

from notehouse_sql.helping.catalog import Catalog, Table
from notehouse_sql.helping.place import Place

MUCH = 10_000_000  # rows read
WIDE = 30  # columns
_CONDITION = re.compile(r"\b(?:WHERE|PREWHERE|ON|USING)\b(.*)", re.IGNORECASE | re.DOTALL)
_FINAL = re.compile(r"\bFINAL\b", re.IGNORECASE)
_STAR = re.compile(r"\bSELECT\s+(?:\w+\.)?\*", re.IGNORECASE)


def hints(catalog: Catalog, sql: str, rows_read: int) -> list[str]:
    """What to do about a statement that read so many rows; nothing for one that read few."""
    if rows_read < MUCH:
        return []
    known = catalog.fresh()
    tables = {one.written: one for of in Place(sql, sql).named().values() if (one := known.table(of))}
    return [hint for one in tables.values() for hint in _of_table(one, sql)]


def _of_table(one: Table, sql: str) -> Iterator[str]:
    condition = _CONDITION.search(sql)
    used = set(re.findall(r"\w+", condition[1] if condition else ""))
    first = one.key_columns[:1]
    if first and not used.intersection(one.key_columns):
        yield f"{one.written} is ordered by {one.key}: a condition on {first[0]} would read less of it."
    if _FINAL.search(sql):
        yield f"FINAL merges the rows of {one.written} while it reads: argMax(column, version) with GROUP BY is faster."
    if _STAR.search(sql) and len(one.columns) >= WIDE:
        yield f"SELECT * reads all {len(one.columns)} columns of {one.written}: name those you need."
