"""The statement that counts, for each kind of chart; what it answers is what is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from notehouse_sql.charting import axes, heat_map
from notehouse_sql.charting import plan as planning
from notehouse_sql.charting.plan import (
    FEW_POINTS,
    GRID,
    MOST_WORDS,
    Ask,
    Axis,
    Columns,
    Plan,
    Survey,
    also,
    among,
    axis,
    coloured,
    placed,
    sent,
    survey,
    value_of,
    where,
)
from notehouse_sql.charting.request import ChartRequest
from notehouse_sql.errors import SqlError

_POINTS = {"histogram": 60, "bar": 60, "line": 400, "area": 400}
_POINTS_COLOURED = {"histogram": 40, "bar": 40, "line": 130, "area": 130}


def counted(ask: Ask, table: str, request: ChartRequest, columns: Columns) -> Plan:
    """Everything a chart draws, counted by the database. Raises SqlError."""
    kind = planning.kind_of(request, columns)
    make = {"box": _box, "heatmap": _heatmap, "scatter": _scatter, "map": _scatter}.get(kind, _series)
    return make(ask, table, request, columns, kind)


def _series(ask: Ask, table: str, request: ChartRequest, columns: Columns, kind: str) -> Plan:
    """Bars, lines, areas and histograms: a value for each place on x, and for each colour."""
    if kind == "histogram":
        if columns.x.role != "number":
            raise SqlError(
                f"A histogram needs a number, and {columns.x.title} is {columns.x.type}. Use kind=bar."
            )
        columns = replace(columns, y=None)
        if columns.x.narrow and columns.color is None:
            return _narrow_histogram(ask, table, request, columns)
    value, value_title = value_of(request, columns.y)
    plain = columns.x.role == "category" and columns.color is None
    seen = Survey({"n": 1}) if plain else survey(ask, table, columns, kind)
    points = (_POINTS_COLOURED if columns.color else _POINTS)[kind]
    x = None if plain else axis("x", columns.x, request, seen, points, kind)
    found = Plan(request, columns, kind, x, None, value, value_title)
    if x is None and columns.x.role == "category":
        return _by_words(ask, table, found, seen)
    keys = {"x": (placed(columns.x, x), x)}
    if columns.color is not None:
        keys["c"] = (coloured(columns.color, seen), None)
    return planning.with_rows(found, _grouped(ask, table, keys, {"v": value}, where(columns, kind)))


def _narrow_histogram(ask: Ask, table: str, request: ChartRequest, columns: Columns) -> Plan:
    """Bins in one reading: each value is counted, then the counts are put into bins that suit their ends."""
    most = axes.wanted_bins(request.bins, _POINTS["histogram"])
    counts = f"SELECT {columns.x.sql} AS nh_k, count() AS nh_n FROM {table}{where(columns, 'histogram')} GROUP BY nh_k"
    ends = "toFloat64(min(nh_k) OVER ()) AS nh_l, toFloat64(max(nh_k) OVER ()) AS nh_h"
    rows = ask(
        "SELECT toUInt16(floor(nh_k / nh_w) - floor(nh_l / nh_w)) AS nh_x, sum(nh_n) AS nh_v, any(nh_l) AS nh_low, "
        f"any(nh_h) AS nh_high FROM (SELECT nh_k, nh_n, {ends}, arrayFirst(nh_each -> floor(nh_h / nh_each) - "
        f"floor(nh_l / nh_each) < {most}, {axes.NARROW_WIDTHS}) AS nh_w FROM ({counts})) GROUP BY nh_x ORDER BY nh_x"
    )
    if not rows:
        raise SqlError("There is nothing to draw: no row has a value there.")
    bins = axes.bins_of(rows[0]["low"], rows[0]["high"], most, True)
    value, title = value_of(request, None)
    found = Plan(request, columns, "histogram", bins, None, value, title)
    return planning.with_rows(found, [{"x": row["x"], "v": row["v"]} for row in rows])


def _grouped(
    ask: Ask, table: str, keys: Mapping[str, tuple[str, Axis]], values: Mapping[str, str], condition: str
) -> list[dict[str, Any]]:
    """Values for each combination of keys, in their order; our names stand apart from every column's."""
    inner = [f"{sql} AS nh_{name}" for name, (sql, _) in keys.items()]
    inner += [f"{sql} AS nh_{name}" for name, sql in values.items()]
    outer = [f"{sent(f'nh_{name}', how)} AS nh_{name}" for name, (_, how) in keys.items()]
    outer += [f"nh_{name}" for name in values]
    by = ", ".join(f"nh_{name}" for name in keys)
    return ask(
        f"SELECT {', '.join(outer)} FROM (SELECT {', '.join(inner)} FROM {table}{condition} GROUP BY {by}) ORDER BY {by}"
    )


def _by_words(ask: Ask, table: str, found: Plan, seen: Survey) -> Plan:
    """The words with the most; in colours, the most frequent words."""
    columns, word = found.columns, f"ifNull(toString({found.columns.x.sql}), 'nothing')"
    if columns.color is None:
        rows = ask(
            f"SELECT nh_x, nh_v, count() OVER () AS nh_different FROM (SELECT {word} AS nh_x, {found.value} AS nh_v "
            f"FROM {table} GROUP BY nh_x) ORDER BY nh_v DESC, nh_x LIMIT {MOST_WORDS}"
        )
        different = rows[0]["different"] if rows else 0
        rows = [{"x": row["x"], "v": row["v"]} for row in rows]
    else:
        condition = also(where(columns, found.kind), among(columns.x, seen, "x"))
        keys = {"x": (word, None), "c": (coloured(columns.color, seen), None)}
        rows = _grouped(ask, table, keys, {"v": found.value}, condition)
        different = seen.different("x")
    if not rows:
        raise SqlError("There is nothing to draw: there are no rows.")
    note = f"the {MOST_WORDS} largest of {different:,}" if different > MOST_WORDS else ""
    return planning.with_rows(found, rows, note)


def _heatmap(ask: Ask, table: str, request: ChartRequest, columns: Columns, kind: str) -> Plan:
    if columns.y is None:
        raise SqlError("A heat map needs x and y.")
    weighed = columns.color if request.agg else None
    value, value_title = value_of(request, weighed)
    if found := heat_map.at_once(ask, table, request, columns, (value, value_title)):
        return found
    seen = survey(ask, table, columns, kind)
    x, y = (
        axis(name, column, request, seen, most, kind)
        for name, column, most in (("x", columns.x, GRID[0]), ("y", columns.y, GRID[1]))
    )
    condition = where(columns, kind)
    for name, column, how in (("x", columns.x, x), ("y", columns.y, y)):
        if how is None and column.role == "category":
            condition = also(condition, among(column, seen, name))
    keys = {"x": (placed(columns.x, x), x), "y": (placed(columns.y, y), y)}
    rows = _grouped(ask, table, keys, {"v": value}, condition)
    return Plan(request, columns, kind, x, y, value, value_title, rows)


def _scatter(ask: Ask, table: str, request: ChartRequest, columns: Columns, kind: str) -> Plan:
    """Points as they are when they are few; binned with their count when they are many; sampled where words colour them."""
    if columns.y is None or {columns.x.role, columns.y.role} - {"number", "moment"}:
        raise SqlError(f"A {kind} needs x and y that are numbers or times.")
    seen = survey(ask, table, columns, kind)
    found = Plan(request, columns, kind, value_title="rows")
    color = columns.color
    if seen.rows <= FEW_POINTS or (color is not None and color.role == "category"):
        return _points(ask, table, found, seen)
    x, y = (
        axis(name, column, request, seen, most, kind)
        for name, column, most in (("x", columns.x, GRID[0]), ("y", columns.y, GRID[1]))
    )
    value, title = value_of(request, color) if color else ("count()", "rows")
    keys = {"x": (placed(columns.x, x), x), "y": (placed(columns.y, y), y)}
    values = {"n": "count()", **({"v": value} if color else {})}
    rows = _grouped(ask, table, keys, values, where(columns, kind))
    note = f"{seen.rows:,} points, counted where they lie"
    return replace(found, x=x, y=y, value=value, value_title=title, rows=rows, note=note)


def _points(ask: Ask, table: str, found: Plan, seen: Survey) -> Plan:
    columns = found.columns
    assert columns.y is not None  # noqa: S101 - checked by the caller
    color = f", {_point_colour(columns, seen)} AS nh_c" if columns.color else ""
    many = seen.rows > FEW_POINTS
    chosen = f" ORDER BY cityHash64({columns.x.sql}, {columns.y.sql}, rowNumberInAllBlocks())" if many else ""
    rows = ask(
        f"SELECT {_point(columns.x.sql, columns.x.role)} AS nh_x, {_point(columns.y.sql, columns.y.role)} AS nh_y{color} "
        f"FROM {table}{where(columns, found.kind)}{chosen} LIMIT {FEW_POINTS}"
    )
    note = f"{FEW_POINTS:,} of {seen.rows:,} points, chosen by chance" if many else ""
    return planning.with_rows(found, rows, note)


def _point(sql: str, role: str) -> str:
    return f"formatDateTime({sql}, '%Y-%m-%dT%H:%i:%S')" if role == "moment" else f"toFloat64({sql})"


def _point_colour(columns: Columns, seen: Survey) -> str:
    assert columns.color is not None  # noqa: S101 - checked by the caller
    return (
        f"toFloat64({columns.color.sql})" if columns.color.role == "number" else coloured(columns.color, seen)
    )


def _box(ask: Ask, table: str, request: ChartRequest, columns: Columns, kind: str) -> Plan:
    """Quartiles, and the 5th and 95th percentile, of y for each x; of x alone when there is no y."""
    if columns.y is None:
        if columns.x.role != "number":
            raise SqlError("A box plot needs y: the number whose spread it shows.")
        columns = replace(columns, y=columns.x)
        word, condition, note = "''", where(columns, kind), ""
        found = Plan(replace(request, y=request.x), columns, kind)
    else:
        seen = survey(ask, table, columns, kind)
        x: Axis = None
        if "x_low" in seen.found and seen.different("x") > MOST_WORDS:
            x = axis("x", columns.x, request, seen, MOST_WORDS, kind)
        found = Plan(request, columns, kind, x)
        word = placed(columns.x, x)
        condition = also(where(columns, kind), among(columns.x, seen, "x") if x is None else "")
        few = seen.different("x") <= MOST_WORDS or x is not None
        note = "" if few else f"the {MOST_WORDS} most frequent of {seen.different('x'):,}"
    if columns.y is None or columns.y.role != "number":
        raise SqlError("A box plot needs a number for y.")
    levels = f"quantilesTDigest(0.05, 0.25, 0.5, 0.75, 0.95)(toFloat64({columns.y.sql}))"
    rows = _grouped(ask, table, {"x": (word, found.x)}, {"q": levels, "n": "count()"}, condition)
    names = ("low", "first", "middle", "third", "high")
    rows = [{"x": row["x"], **dict(zip(names, row["q"], strict=True)), "n": row["n"]} for row in rows]
    said = "boxes: quartiles; lines: 5th to 95th percentile"
    return planning.with_rows(found, rows, "; ".join(one for one in (note, said) if one))
