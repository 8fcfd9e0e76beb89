"""Which statements does a chart need? One that surveys what its axes span, one that counts; both run in ClickHouse."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from notehouse_sql.charting import axes
from notehouse_sql.charting.axes import Bins, Column, Span
from notehouse_sql.charting.request import ChartRequest, aggregate
from notehouse_sql.errors import SqlError
from notehouse_sql.relation import literal

MOST_WORDS = 30  # categories of an axis
MOST_COLOURS = 8
MOST_DISCRETE = 31  # different whole numbers that are still drawn as words
FEW_POINTS = 1500  # as many are drawn as they are
GRID = (40, 30)
WALL_CLOCK = "%Y-%m-%dT%H:%M:%S"
OTHER = "other"

Axis = Bins | Span | None  # None: by its words
Ask = Callable[[str], list[dict[str, Any]]]


@dataclass(frozen=True)
class Columns:
    """The roles that a chart gives to columns."""

    x: Column
    y: Column | None = None
    color: Column | None = None

    @property
    def all(self) -> list[Column]:
        """Those that there are."""
        return [one for one in (self.x, self.y, self.color) if one is not None]


@dataclass(frozen=True)
class Survey:
    """What the axes span: ends of x and y, the words that are frequent, how many rows there are."""

    found: Mapping[str, Any]

    @property
    def rows(self) -> int:
        """Rows with a place on the chart."""
        return int(self.found["n"])

    def ends(self, name: str, column: Column) -> tuple[Any, Any]:
        """The least and the most of an axis."""
        low, high = self.found[f"{name}_low"], self.found[f"{name}_high"]
        if column.role == "moment":
            return dt.datetime.fromisoformat(low), dt.datetime.fromisoformat(high)
        return float(low), float(high)

    def words(self, name: str) -> list[str]:
        """The most frequent words of a column, the most frequent first."""
        return [str(word) for word in self.found[f"{name}_words"]]

    def different(self, name: str) -> int:
        """How many different values a column has, about."""
        return int(self.found[f"{name}_different"])


@dataclass(frozen=True)
class Plan:
    """What is drawn: its kind, how each axis is put, and the rows that came (x, y, c and v or n by kind)."""

    request: ChartRequest
    columns: Columns
    kind: str
    x: Axis = None
    y: Axis = None
    value: str = "count()"
    value_title: str = "rows"
    rows: list[dict[str, Any]] = field(default_factory=list)
    note: str = ""


def kind_of(request: ChartRequest, columns: Columns) -> str:
    """The chart that suits the columns, unless one was asked for."""
    if request.kind:
        return request.kind
    x, y = columns.x.role, columns.y.role if columns.y else ""
    if not y:
        return {"number": "histogram", "moment": "line"}.get(x, "bar")
    if x == "moment" and y == "number":
        return "line"
    if x == "number" and y == "number" and not request.agg:
        return "scatter"
    return "heatmap" if y != "number" else "bar"


def survey(ask: Ask, table: str, columns: Columns, kind: str) -> Survey:
    """Ask what the axes span. Raises SqlError when there is nothing to draw."""
    parts = ["count() AS nh_n"]
    for name, column in (("x", columns.x), ("y", columns.y), ("c", columns.color)):
        if column is not None:
            parts += _surveyed(name, column, kind)
    found = Survey(ask(f"SELECT {', '.join(parts)} FROM {table}{where(columns, kind)}")[0])
    if found.rows == 0:
        raise SqlError("There is nothing to draw: no row has a value there.")
    return found


def _surveyed(name: str, column: Column, kind: str) -> list[str]:
    sql = column.sql
    words = [f"topK({MOST_WORDS})(toString({sql})) AS nh_{name}_words", f"uniq({sql}) AS nh_{name}_different"]
    if name == "c":
        return [] if kind == "heatmap" and column.role == "number" else words
    if name == "y" and kind not in {"heatmap", "scatter", "map"}:
        return []
    if name == "x" and kind == "box":
        return words if column.role == "category" or column.whole else words + _ends(name, column)
    if column.role == "category":
        return words
    discrete = (
        [f"uniqUpTo({MOST_DISCRETE})({sql}) AS nh_{name}_different"]
        if kind in {"bar", "heatmap"} and column.whole
        else []
    )
    return _ends(name, column) + discrete


def _ends(name: str, column: Column) -> list[str]:
    if column.role == "moment":
        return [
            f"formatDateTime({end}({column.sql}), '%Y-%m-%dT%H:%i:%S') AS nh_{name}_{where}"
            for end, where in (("min", "low"), ("max", "high"))
        ]
    return [
        f"toFloat64({end}({column.sql})) AS nh_{name}_{where}"
        for end, where in (("min", "low"), ("max", "high"))
    ]


def where(columns: Columns, kind: str) -> str:
    """The condition that a row has its place on the chart; rows without one are not drawn."""
    wanted = [columns.x.present] if kind != "bar" or columns.x.role != "category" else []
    if columns.y is not None and kind in {"heatmap", "scatter", "box", "map"}:
        wanted.append(columns.y.present)
    if kind == "map" and columns.y is not None:
        wanted.append(f"{columns.x.sql} BETWEEN -180 AND 180 AND {columns.y.sql} BETWEEN -90 AND 90")
    conditions = " AND ".join(one for one in wanted if one)
    return f" WHERE {conditions}" if conditions else ""


def axis(name: str, column: Column, request: ChartRequest, seen: Survey, most: int, kind: str) -> Axis:
    """How a column is put on its axis, so that at most `most` places are needed."""
    if column.role == "category":
        return None
    low, high = seen.ends(name, column)
    if column.role == "moment":
        days = not column.plain_type.startswith("DateTime")
        if request.bins and not request.bins.isdigit():
            return axes.span_named(request.bins)
        return axes.span_of(low, high, most, days)
    discrete = kind in {"bar", "heatmap"} and column.whole and not request.bins
    if discrete and seen.different(name) <= MOST_DISCRETE:
        return None
    wanted = axes.wanted_bins(request.bins if name == "x" else "", most)
    return axes.bins_of(low, high, wanted, column.whole)


def value_of(request: ChartRequest, column: Column | None) -> tuple[str, str]:
    """The aggregate that is drawn and what a person calls it."""
    if column is None or request.agg == "count":
        return "count()", "rows"
    name = request.agg or "avg"
    if column.role != "number" and name not in {"uniq", "distinct", "count"}:
        raise SqlError(
            f"{column.title} is {column.type}, which has no {name}. Use agg=uniq or agg=count, or a number for it."
        )
    return aggregate(name, column.sql), f"{name} of {column.title}"


def placed(column: Column, how: Axis) -> str:
    """The SQL of a row's place on an axis: a bin's number, the wall clock of a span's beginning, or the word."""
    match how:
        case Bins():
            return how.place(column)
        case Span():
            return how.start(column)
    return column.sql if column.whole else f"toString({column.sql})"


def sent(name: str, how: Axis) -> str:
    """How a place travels: moments as the wall clock of their own zone, the same on every screen."""
    return f"formatDateTime({name}, '%Y-%m-%dT%H:%i:%S')" if isinstance(how, Span) else name


def coloured(column: Column, seen: Survey) -> str:
    """The SQL of a row's colour: the most frequent words, everything else as one."""
    text = f"ifNull(toString({column.sql}), 'nothing')"
    words = seen.words("c")
    if seen.different("c") <= MOST_COLOURS:
        return text
    kept = ", ".join(literal(word) for word in words[:MOST_COLOURS])
    return f"if({text} IN ({kept}), {text}, {literal(OTHER)})"


def among(column: Column, seen: Survey, name: str) -> str:
    """The condition that a row's word is one of the frequent ones, where not all can be drawn."""
    if seen.different(name) <= MOST_WORDS:
        return ""
    return f"toString({column.sql}) IN ({', '.join(literal(word) for word in seen.words(name))})"


def also(condition: str, more: str) -> str:
    """A WHERE clause with one condition more."""
    if not more:
        return condition
    return f"{condition} AND {more}" if condition else f" WHERE {more}"


def with_rows(plan: Plan, rows: list[dict[str, Any]], note: str = "") -> Plan:
    """The plan with what came."""
    return replace(plan, rows=rows, note=note)
