"""What a person asks a chart to show, and how it is written on a line."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, fields
from typing import Any

from notehouse_sql.errors import SqlError

KINDS = ("bar", "line", "area", "histogram", "heatmap", "box", "scatter", "map")
AGGREGATES = {
    "count": "count()", "sum": "sum({y})", "avg": "avg({y})", "mean": "avg({y})", "min": "min({y})", "max": "max({y})",
    "median": "quantileTDigest(0.5)({y})", "uniq": "uniqExact({y})", "distinct": "uniqExact({y})",
}  # fmt: skip
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?)")
_HELP = "chart(table, x=, y=, color=, agg=, kind=), or %%chart x=… y=… above a SELECT"


@dataclass(frozen=True)
class ChartRequest:
    """Columns or SQL expressions for x, y and color; bins is a number, or a span of time such as "day"."""

    x: str = ""
    y: str = ""
    color: str = ""
    agg: str = ""
    kind: str = ""
    bins: str = ""
    title: str = ""
    theme: str = ""
    width: int = 640
    height: int = 300

    def __post_init__(self) -> None:
        """Raise SqlError for what no chart has."""
        if self.kind and self.kind not in KINDS:
            raise SqlError(f"There is no chart {self.kind!r}. There are: {', '.join(KINDS)}.")
        if self.theme not in {"", "light", "dark"}:
            raise SqlError(
                f"theme is light or dark, or left out for a chart that suits both; not {self.theme!r}."
            )
        if not self.x:
            raise SqlError(f"A chart needs x: a column, or an expression of SQL. It is written: {_HELP}")
        if self.agg:
            aggregate(self.agg, "x")


def aggregate(name: str, y: str) -> str:
    """The SQL of an aggregate over y. Raises SqlError for one that does not exist."""
    if found := _PERCENTILE.fullmatch(name):
        return f"quantileTDigest({float(found[1]) / 100:g})({y})"
    try:
        return AGGREGATES[name].format(y=y)
    except KeyError:
        raise SqlError(
            f"There is no agg {name!r}. There are: {', '.join(AGGREGATES)}, and percentiles such as p95."
        ) from None


def parse(line: str) -> tuple[str, ChartRequest]:
    """Read `[name] x=… y=…`; the name may be a table, a saved query or, above a cell, a source. Raises SqlError."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise SqlError(f"This line cannot be read ({error}). It is written: {_HELP}") from error
    words = _joined(words)
    name = words.pop(0) if words and "=" not in words[0] else ""
    return name, ChartRequest(**dict(_option(word) for word in words))


def _joined(words: list[str]) -> list[str]:
    """Read `--x month` as `x=month`: that is how jupysql's magics are written."""
    joined: list[str] = []
    for word in words:
        option = joined[-1] if joined else ""
        if option.startswith("--") and "=" not in option and not word.startswith("--"):
            joined[-1] = f"{option.removeprefix('--')}={word}"
        else:
            joined.append(word)
    return joined


def _option(word: str) -> tuple[str, Any]:
    name, equals, value = word.removeprefix("--").partition("=")
    known = {field.name: field.type for field in fields(ChartRequest)}
    if not equals or name not in known:
        raise SqlError(f"{word} is not known here; a chart has {', '.join(known)}. It is written: {_HELP}")
    if name not in {"width", "height"}:
        return name, value
    if not value.isdigit() or not 50 <= int(value) <= 4000:
        raise SqlError(f"{name} is a number of points between 50 and 4000, not {value!r}.")
    return name, int(value)
