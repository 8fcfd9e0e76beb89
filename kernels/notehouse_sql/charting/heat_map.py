"""A heat map's bins in one reading of its table, where both axes are numbers of few bits.

The first rows suggest how wide a bin is. All rows are counted in bins of that width wherever they lie; if no more bins were
needed than an axis has, it is the width that the ends of all rows lead to, since fewer rows never lead to a greater one.
"""

from __future__ import annotations

import re
from typing import Any

from notehouse_sql.charting import axes
from notehouse_sql.charting import plan as planning
from notehouse_sql.charting.axes import Bins, Column
from notehouse_sql.charting.plan import GRID, Ask, Columns, Plan, Survey
from notehouse_sql.charting.request import ChartRequest
from notehouse_sql.errors import SqlError

_FIRST = 1_000_000  # rows that are looked at for a guess
_LEAST = 2**15  # below nought: what 16 bits with a sign hold
_NAME = re.compile(r"\w+|`[^`]+`")


def at_once(
    ask: Ask, table: str, request: ChartRequest, columns: Columns, value: tuple[str, str]
) -> Plan | None:
    """Everything that is drawn; None where the ends have to be read first. Raises SqlError."""
    pair = columns.x, columns.y
    if columns.y is None or not all(one and one.narrow and _NAME.fullmatch(one.sql) for one in pair):
        return None
    seen = _first_rows(ask, table, columns.x, columns.y)
    guesses = [
        planning.axis(name, column, request, seen, most, "heatmap")
        for name, column, most in (("x", columns.x, GRID[0]), ("y", columns.y, GRID[1]))
    ]
    x, y = guesses
    if not (isinstance(x, Bins) and isinstance(y, Bins)):
        return None
    condition = planning.where(columns, "heatmap")
    places = f"{_place(columns.x, x)} AS nh_x, {_place(columns.y, y)} AS nh_y"
    rows = ask(
        f"SELECT {places}, {value[0]} AS nh_v FROM {table}{condition} GROUP BY nh_x, nh_y ORDER BY nh_x, nh_y"
    )
    most = axes.wanted_bins(request.bins, GRID[0]), GRID[1]
    found = _counted(rows, "x", columns.x, x), _counted(rows, "y", columns.y, y)
    if any(one.count > enough for one, enough in zip(found, most, strict=True)):
        return None
    return Plan(request, columns, "heatmap", found[0], found[1], value[0], value[1], rows)


def _first_rows(ask: Ask, table: str, x: Column, y: Column) -> Survey:
    both = Columns(x, y)
    rows = f"SELECT {', '.join(dict.fromkeys((x.sql, y.sql)))} FROM {table}{planning.where(both, 'heatmap')}"
    return planning.survey(ask, f"({rows} LIMIT {_FIRST})", both, "heatmap")


def _lift(column: Column, width: int) -> int:
    """How many bins are added so that no value is below nought, where whole division rounds the other way."""
    return 0 if column.plain_type.startswith("U") else -(-_LEAST // width)


def _place(column: Column, bins: Bins) -> str:
    width = int(bins.width)
    lift = _lift(column, width)
    return (
        f"intDiv(toInt32({column.sql}) + {lift * width}, {width})"
        if lift
        else f"intDiv({column.sql}, {width})"
    )


def _counted(rows: list[dict[str, Any]], name: str, column: Column, guess: Bins) -> Bins:
    """The bins that rows are in; their places are counted from the first of them afterwards."""
    if not rows:
        raise SqlError("There is nothing to draw: no row has a value there.")
    places = [row[name] for row in rows]
    least = min(places)
    for row in rows:
        row[name] -= least
    return Bins(least - _lift(column, int(guess.width)), guess.width, max(places) - least + 1)
