"""What would have read less, said after a query that read much."""

from __future__ import annotations

import re
from collections.abc import Iterator

from notehouse_sql.helping.catalog import Catalog, Table
from notehouse_sql.helping.place import Place

MUCH = 10_000_000  # rows read
WIDE = 30  # columns
_CONDITION = re.compile(r"\b(?:WHERE|PREWHERE|ON|USING)\b(.*)", re.IGNORECASE | re.DOTALL)
_JOINED = re.compile(
    r"\b(?:LEFT|ANY|OUTER|\s)*\bLEFT(?:\s+(?:ANY|OUTER))*\s+JOIN\s+([A-Za-z_][\w.`]*)(?:\s+(?:AS\s+)?(?!ON\b|USING\b)([A-Za-z_]\w*))?"
    r"\s+(?:ON\b.*?|USING\b\s*\(?[^()]*?\)?\s*)(?=\b(?:WHERE|PREWHERE|GROUP|ORDER|HAVING|LIMIT|SETTINGS|LEFT|INNER|JOIN|UNION)\b|;|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_FINAL = re.compile(r"\bFINAL\b", re.IGNORECASE)
_STAR = re.compile(r"\bSELECT\s+(?:\w+\.)?\*", re.IGNORECASE)


def hints(catalog: Catalog, sql: str, rows_read: int) -> list[str]:
    """What to do about a statement that read so many rows; nothing for one that read few."""
    if rows_read < MUCH:
        return []
    known = catalog.fresh()
    tables = {one.written: one for of in Place(sql, sql).named().values() if (one := known.table(of))}
    return [hint for one in tables.values() for hint in _of_table(one, sql)] + list(_unused_joins(known, sql))


def _unused_joins(catalog: Catalog, sql: str) -> Iterator[str]:
    """Tables of which a LEFT JOIN uses nothing but its condition; another JOIN may be there to leave rows out."""
    for joined in _JOINED.finditer(sql):
        table, alias = catalog.table(joined[1]), joined[2] or joined[1].rpartition(".")[2]
        if table is None or _STAR.search(sql):
            continue
        rest = sql[: joined.start()] + sql[joined.end() :]
        others = {
            name
            for of in Place(rest, rest).named().values()
            if (one := catalog.table(of)) is not None
            for name in one.columns
        }
        own = {name for name in table.columns if name not in others}
        if not re.search(rf"\b{re.escape(alias)}\.", rest) and not own.intersection(re.findall(r"\w+", rest)):
            yield (
                f"Nothing of {table.written} is used but the condition of its LEFT JOIN: without it less is read, and rows "
                "that match twice are counted once."
            )


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
