"""How a column is put on an axis: as numbers in bins of a round width, as spans of time, or as its most frequent words."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass

from notehouse_sql.errors import SqlError

_NUMBER = re.compile(r"^(U?Int\d+|Float\d+|BFloat16|Decimal)")
_MOMENT = re.compile(r"^Date(Time)?(32|64)?\b")
_SPANS = [
    (1, "second"), (5, "second"), (15, "second"), (30, "second"), (60, "minute"), (300, "minute"), (900, "minute"),
    (1800, "minute"), (3600, "hour"), (10_800, "hour"), (21_600, "hour"), (43_200, "hour"), (86_400, "day"),
    (604_800, "week"), (2_629_746, "month"), (7_889_238, "quarter"), (31_556_952, "year"), (315_569_520, "year"),
]  # fmt: skip
_SECONDS = {
    "second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 2_629_746, "quarter": 7_889_238,
    "year": 31_556_952,
}  # fmt: skip
_SPAN = re.compile(r"(?:(\d{1,4})\s+)?([a-z]+?)s?")


# Of the widths that `bins_of` chooses from, those that bins of numbers of 16 bits can have.
NARROW_WIDTHS = [step * 10**power for power in range(6) for step in (1, 2, 5)]


@dataclass(frozen=True)
class Column:
    """An expression and its ClickHouse type; `title` is how a person wrote it."""

    sql: str
    type: str
    title: str

    @property
    def plain_type(self) -> str:
        """The type without the wrappers that say how it is stored."""
        name = self.type
        while name.startswith(("Nullable(", "LowCardinality(")):
            name = name[name.index("(") + 1 : -1]
        return name

    @property
    def role(self) -> str:
        """What it is on an axis: number, moment or category."""
        if _NUMBER.match(self.plain_type):
            return "number"
        return "moment" if _MOMENT.match(self.plain_type) else "category"

    @property
    def whole(self) -> bool:
        """Say whether its values are whole numbers that fit into 64 bits with a sign."""
        return self.plain_type in {"Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32"}

    @property
    def narrow(self) -> bool:
        """Say whether it has so few different values that a database counts each of them at once."""
        return self.plain_type in {"Int8", "Int16", "UInt8", "UInt16"}

    @property
    def present(self) -> str:
        """The condition that a row has a place on the axis; nothing where every row has one."""
        nullable = f"isNotNull({self.sql})" if "Nullable(" in self.type else ""
        finite = f"isFinite({self.sql})" if self.plain_type.startswith(("Float", "BFloat")) else ""
        return " AND ".join(one for one in (nullable, finite) if one)


@dataclass(frozen=True)
class Bins:
    """`count` bins of one width; the first begins at `first` widths."""

    first: int
    width: float
    count: int

    def place(self, column: Column) -> str:
        """The SQL of a row's bin, counted from nought: two bytes on the way."""
        if column.whole and self.width == int(self.width):
            width = int(self.width)
            return f"toUInt16(intDiv(toInt64({column.sql}) - {self.first * width}, {width}))"
        return f"toUInt16(floor(toFloat64({column.sql}) / {self.width!r}) - {self.first})"

    def edge(self, place: int) -> float:
        """Where a bin begins."""
        edge = (self.first + place) * self.width
        return int(edge) if edge == int(edge) else float(f"{edge:.10g}")


@dataclass(frozen=True)
class Span:
    """Spans of time of so many units."""

    number: int
    unit: str

    def start(self, column: Column) -> str:
        """The SQL of the beginning of the span that a row is in."""
        return f"toStartOfInterval({column.sql}, INTERVAL {self.number} {self.unit.upper()})"


def wanted_bins(given: str, usual: int) -> int:
    """The most bins: as many as were asked for. Two at least, since no bin of a round width holds what nought divides."""
    return min(max(int(given) if given.isdigit() else usual, 2), 1000)


def bins_of(low: float, high: float, most: int, whole: bool) -> Bins:
    """At most `most` bins of a round width (1, 2 or 5 of a power of ten) that hold everything from low to high."""
    width = _round_width((high - low) / most or (1.0 if whole else abs(low) / 10 or 1.0))
    if whole:
        width = max(1.0, width)
    while (count := math.floor(high / width) - math.floor(low / width) + 1) > most:
        width = _round_width(width * 1.01)
    return Bins(math.floor(low / width), width, count)


def _round_width(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= least * (1 - 1e-9))


def span_of(low: dt.datetime, high: dt.datetime, most: int, days_only: bool) -> Span:
    """The shortest span of which at most `most` lie between two moments."""
    seconds = (high - low).total_seconds()
    for length, unit in _SPANS:
        if seconds / length < most and not (days_only and length < 86_400):
            return Span(round(length / _SECONDS[unit]), unit)
    return Span(10 * math.ceil(seconds / most / 315_569_520), "year")


def span_named(words: str) -> Span:
    """Read "day" or "15 minutes". Raises SqlError."""
    found = _SPAN.fullmatch(words.strip().lower())
    if found is None or found[2] not in _SECONDS:
        raise SqlError(f"bins for times is a span such as day, week or '15 minutes', not {words!r}.")
    return Span(int(found[1] or 1), found[2])
