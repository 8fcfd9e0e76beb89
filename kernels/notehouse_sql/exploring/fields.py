"""A table's fields as an explorer lists them: type, what is missing, and how the values of its first rows lie."""

from __future__ import annotations

from typing import Any

from notehouse_sql.charting.axes import Column
from notehouse_sql.relation import Relation, columns_of, quoted
from notehouse_sql.session import Session

SAMPLED = 100_000  # rows
BARS = 14
WORDS = 5
MOST_FIELDS = 300


def columns(session: Session, of: Relation) -> dict[str, Column]:
    """The columns by their names. Raises SqlError."""
    known = list(columns_of(session, of).items())[:MOST_FIELDS]
    return {name: Column(quoted(name), kind, name) for name, kind in known}


def fields(session: Session, of: Relation, known: dict[str, Column]) -> list[dict[str, Any]]:
    """What is told of each column. Raises SqlError."""
    parts = [
        f"{sql} AS nh_{place}_{name}"
        for place, one in enumerate(known.values())
        for name, sql in _measures(one)
    ]
    sample = f"(SELECT * FROM {of.sql} LIMIT {SAMPLED})"
    row = session.ask(
        f"SELECT count() AS nh_rows, {', '.join(parts)} FROM {sample}", of.source
    ).table.to_pylist()[0]
    return [_told(one, row, place) for place, one in enumerate(known.values())]


def _measures(column: Column) -> list[tuple[str, str]]:
    sql = column.sql
    found = [("missing", f"countIf(isNull({sql}))"), ("different", f"uniq({sql})")]
    if column.role == "category":
        return [*found, ("words", f"topK({WORDS}, 3, 'counts')(toString({sql}))")]
    number = f"toFloat64({f'toUnixTimestamp(toDateTime({sql}))' if column.role == 'moment' else sql})"
    return [
        *found,
        ("bars", f"histogram({BARS})({number})"),
        ("ends", f"[toString(min({sql})), toString(max({sql}))]"),
    ]


def _told(column: Column, row: dict[str, Any], place: int) -> dict[str, Any]:
    def seen(name: str) -> Any:
        return row.get(f"nh_{place}_{name}")

    bars = [float(list(one.values())[2]) for one in seen("bars") or []]
    words = [list(one.values())[:2] for one in seen("words") or []]
    return {
        "name": column.title,
        "type": column.plain_type,
        "role": column.role,
        "missing": round(seen("missing") / max(row["nh_rows"], 1), 4),
        "different": seen("different"),
        "bars": [round(bar, 1) for bar in bars] or [count for _, count in words],
        "ends": [str(end)[:24] for end in seen("ends") or []],
        "words": [str(word)[:40] for word, _ in words],
    }
