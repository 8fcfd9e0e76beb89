"""What does an alert make of a query's rows? Conditions, groups and states, as pure functions."""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from notehouse_core.errors import Invalid

STATES = ("normal", "pending", "firing", "no_data", "error")
OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
MOST_GROUPS = 1000
MOST_EVIDENCE = 20  # rows that a message shows

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Condition:
    """`threshold`: the column of some row is beyond the value. `any_row`: the query returns a row."""

    kind: str
    column: str = ""
    operator: str = ">"
    value: float = 0.0

    @classmethod
    def parse(cls, content: Mapping[str, Any]) -> Condition:
        """Read a condition as the API takes it. Raises Invalid naming what is wrong."""
        kind = content.get("kind")
        if kind == "any_row":
            return cls("any_row")
        if kind != "threshold":
            raise Invalid("condition.kind is 'threshold' or 'any_row'.")
        sign, value = content.get("operator", ">"), content.get("value")
        if sign not in OPERATORS:
            raise Invalid(f"condition.operator is one of {', '.join(OPERATORS)}.")
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise Invalid("condition.value is a number.")
        return cls("threshold", str(content.get("column") or ""), sign, float(value))

    @property
    def threshold(self) -> float | None:
        """The number that a value is compared with."""
        return self.value if self.kind == "threshold" else None

    def __str__(self) -> str:
        if self.kind == "any_row":
            return "the query returns a row"
        return f"{self.column or 'the first number'} {self.operator} {shown_number(self.value)}"


def shown_number(value: float) -> str:
    """A number as people read it: 1,234 and 0.05, never 1e+07."""
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.2f}" if abs(value) >= 100 else f"{value:.4g}"


@dataclass(frozen=True)
class Finding:
    """What one look found for one group: a state, the value behind it, the rows that show it."""

    state: str
    value: float | None = None
    rows: tuple[Row, ...] = ()
    error: str = ""


def look(condition: Condition, rows: Sequence[Row], group_by: Sequence[str] = ()) -> dict[str, Finding]:
    """Judge a query's rows, a finding a group. Raises Invalid for columns that are not there."""
    if not rows:
        return {"": Finding("normal", 0.0) if condition.kind == "any_row" else Finding("no_data")}
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(_key(row, group_by), []).append(row)
    if len(groups) > MOST_GROUPS:
        raise Invalid(f"The query has more than {MOST_GROUPS} groups. Group by fewer columns, or filter.")
    return {key: _judge(condition, members, group_by) for key, members in groups.items()}


def _key(row: Row, group_by: Sequence[str]) -> str:
    if missing := [name for name in group_by if name not in row]:
        raise Invalid(f"The query has no column {missing[0]!r} to group by.")
    return json.dumps([row[name] for name in group_by], default=str) if group_by else ""


def _judge(condition: Condition, rows: list[Row], group_by: Sequence[str]) -> Finding:
    if condition.kind == "any_row":
        return Finding("firing", float(len(rows)), tuple(rows[:MOST_EVIDENCE]))
    column = condition.column or _first_number(rows[0], group_by)
    values = [(_number(row, column), row) for row in rows]
    known = [(value, row) for value, row in values if value is not None]
    if not known:
        return Finding("no_data")
    beyond = [(value, row) for value, row in known if OPERATORS[condition.operator](value, condition.value)]
    if not beyond:
        return Finding("normal", known[0][0])
    return Finding("firing", beyond[0][0], tuple(row for _, row in beyond[:MOST_EVIDENCE]))


def _first_number(row: Row, group_by: Sequence[str]) -> str:
    for name, value in row.items():
        if name not in group_by and isinstance(value, (int, float)) and not isinstance(value, bool):
            return name
    raise Invalid("The query's first row has no number. Name the column in condition.column.")


def _number(row: Row, column: str) -> float | None:
    if column not in row:
        raise Invalid(f"The query has no column {column!r}. It has {', '.join(row)}.")
    value = row[column]
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError) as error:
        raise Invalid(f"Column {column!r} holds {str(value)[:50]!r}, which is not a number.") from error


@dataclass(frozen=True)
class Step:
    """Where an alert goes from where it was; `tell` when somebody should hear of it."""

    state: str
    since: datetime
    tell: bool


def step(before: str, since: datetime, found: str, now: datetime, for_seconds: int = 0) -> Step:
    """The next state: a firing must last `for_seconds` before it counts; people hear of changes only."""
    after = found
    if found == "firing" and before != "firing" and for_seconds:
        began = since if before == "pending" else now
        after = "firing" if now - began >= timedelta(seconds=for_seconds) else "pending"
        if before != after == "firing":
            return Step(after, now, True)
    if after == before:
        return Step(after, since, False)
    return Step(after, now, tell=after != "pending" and (before, after) != ("pending", "normal"))
