"""What a table's columns look like: missing, different, least, most and middle values, in one reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notehouse_sql.charting.axes import Column
from notehouse_sql.relation import Relation, columns_of, quoted
from notehouse_sql.session import Session

if TYPE_CHECKING:
    import pandas as pd


def profile(session: Session, of: Relation) -> pd.DataFrame:
    """A line for each column. Raises SqlError."""
    import pandas as pd

    columns = [Column(quoted(name), kind, name) for name, kind in columns_of(session, of).items()]
    parts = [part for place, column in enumerate(columns) for part in _measures(place, column)]
    row = session.ask(
        f"SELECT count() AS nh_rows, {', '.join(parts)} FROM {of.sql}", of.source
    ).table.to_pylist()[0]
    lines = [
        {
            "column": column.title,
            "type": column.type,
            **{name: row.get(f"nh_{place}_{name}") for name in _NAMES},
        }
        for place, column in enumerate(columns)
    ]
    return pd.DataFrame([{**line, "rows": row["nh_rows"]} for line in lines])


_NAMES = ("missing", "different", "least", "mean", "middle", "most", "frequent")


def _measures(place: int, column: Column) -> list[str]:
    sql = column.sql
    found = {"missing": f"countIf(isNull({sql}))", "different": f"uniq({sql})"}
    if column.role in {"number", "moment"}:
        found |= {"least": f"toString(min({sql}))", "most": f"toString(max({sql}))"}
    if column.role == "number":
        found |= {"mean": f"avg({sql})", "middle": f"quantileTDigest(0.5)(toFloat64({sql}))"}
    if column.role == "category":
        found |= {"frequent": f"arrayStringConcat(topK(3)(toString({sql})), ', ')"}
    return [f"{measure} AS nh_{place}_{name}" for name, measure in found.items()]
