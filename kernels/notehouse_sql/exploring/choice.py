"""What somebody has chosen in an explorer, checked: a browser may send anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from notehouse_sql.charting.axes import Column
from notehouse_sql.charting.request import AGGREGATES, KINDS, ChartRequest
from notehouse_sql.errors import SqlError
from notehouse_sql.relation import literal, shown_name

MOST_FILTERS = 10
LONGEST = 200  # characters of a filter's value
SIGNS = ("=", "!=", "<", "<=", ">", ">=", "contains", "is missing", "is there")
_NEEDS_NOTHING = {"is missing": "isNull({0})", "is there": "isNotNull({0})"}


@dataclass(frozen=True)
class Filter:
    """A condition on a column."""

    column: Column
    sign: str
    value: str

    @property
    def sql(self) -> str:
        """The condition. Raises SqlError where a number is needed and none is given."""
        name = shown_name(self.column.title)
        if self.sign in _NEEDS_NOTHING:
            return _NEEDS_NOTHING[self.sign].format(name)
        if self.sign == "contains":
            return f"positionCaseInsensitiveUTF8(toString({name}), {literal(self.value)}) > 0"
        if self.column.role == "number":
            return f"{name} {self.sign} {_number(self.value, self.column)}"
        bare = (
            self.column.role == "moment" or self.column.plain_type == "String"
        )  # so that an index serves it
        return f"{name if bare else f'toString({name})'} {self.sign} {literal(self.value)}"


@dataclass(frozen=True)
class Choice:
    """Columns for x, y and color, how they are drawn, and which rows."""

    x: str = ""
    y: str = ""
    color: str = ""
    agg: str = ""
    kind: str = ""
    filters: tuple[Filter, ...] = ()

    @property
    def request(self) -> ChartRequest | None:
        """The chart, once there is something on x."""
        if not self.x:
            return None
        return ChartRequest(self.x, self.y, self.color, self.agg, self.kind, height=280)

    def select(self, table: str) -> str:
        """The SELECT of the rows that the filters leave."""
        names = [name for name in dict.fromkeys((self.x, self.y, self.color)) if name]
        conditions = "\n    AND ".join(one.sql for one in self.filters)
        head = f"SELECT {', '.join(shown_name(name) for name in names) or '*'}\nFROM {table}"
        return f"{head}\nWHERE {conditions}" if conditions else head

    def cell(self, table: str) -> str:
        """The cell that shows the same."""
        words = [
            f"{name}={_word(value)}"
            for name in ("kind", "x", "y", "color", "agg")
            if (value := getattr(self, name))
        ]
        head = f"%%chart {' '.join(words)}" if self.x else "%%sql --limit 1000"
        return f"{head}\n{self.select(table)}"


def read(text: str, columns: Mapping[str, Column]) -> Choice:
    """Read what a browser sent; what does not exist is not chosen. Raises SqlError for what is no choice at all."""
    try:
        given = json.loads(text or "{}")
        chosen = {name: str(given.get(name, "")) for name in ("x", "y", "color")}
        filters = [_filter(one, columns) for one in list(given.get("filters", []))[:MOST_FILTERS]]
    except (ValueError, AttributeError, TypeError) as error:
        raise SqlError("This choice could not be read. Show the explorer again.") from error
    known = {name: value for name, value in chosen.items() if value in columns}
    agg, kind = str(given.get("agg", "")), str(given.get("kind", ""))
    return Choice(
        **known,
        agg=agg if agg in AGGREGATES else "",
        kind=kind if kind in KINDS else "",
        filters=tuple(one for one in filters if one is not None),
    )


def _filter(given: Mapping[str, Any], columns: Mapping[str, Column]) -> Filter | None:
    """A filter that is complete; one that is still being written is none."""
    column, sign, value = (
        columns.get(str(given.get("column"))),
        str(given.get("sign")),
        str(given.get("value", "")),
    )
    if column is None or sign not in SIGNS or len(value) > LONGEST:
        return None
    return Filter(column, sign, value) if value or sign in _NEEDS_NOTHING else None


def _number(text: str, column: Column) -> str:
    try:
        return f"{int(text)}"
    except ValueError:
        pass
    try:
        return f"{float(text)!r}"
    except ValueError:
        raise SqlError(f"{column.title} is a number, and {text[:40]!r} is none.") from None


def _word(text: str) -> str:
    return text if text.replace("_", "").isalnum() else f'"{text}"'
