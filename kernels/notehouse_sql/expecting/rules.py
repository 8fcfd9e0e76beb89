"""The rules a person may write in a `%%expect` cell, each with the SQL that measures it and the SQL of what offends it."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from notehouse_sql.errors import SqlError
from notehouse_sql.relation import quoted

SHOWN = 10  # offending rows
_COMPARED = {
    "=": operator.eq, "==": operator.eq, "!=": operator.ne, "<>": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_ROWS = re.compile(r"rows\s*(==?|!=|<>|<=|>=|<|>)\s*([\d_,]+)", re.IGNORECASE)
_NO_NULLS = re.compile(r"no\s+nulls\s+in\s+(.+)", re.IGNORECASE | re.DOTALL)
_UNIQUE = re.compile(r"unique\s+(.+)", re.IGNORECASE | re.DOTALL)
_FRESH = re.compile(r"freshness\s*\((.+)\)\s*(<=?)\s*(\d+(?:\.\d+)?)\s*([a-z]+?)s?", re.IGNORECASE)
_SELECT = re.compile(r"\s*(SELECT|WITH)\b", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z_]\w*")
_LABEL = re.compile(r"\w+\s*:(?!:)")  # as other tools write rules; no condition of SQL begins like that
_HELP = "rows > 0, no nulls in x, unique x, freshness(t) < 1 day, a condition that is true of each row, or SELECTs of no row"


@dataclass(frozen=True)
class Rule:
    """`measure` is an aggregate over the rows; `holds` judges it, `found` tells it.

    `offending` is a SELECT of rows that offend, "" where there are none to show. A rule that is a SELECT of its own has
    no measure: it must return no row.
    """

    text: str
    measure: str
    holds: Callable[[Any], bool]
    found: Callable[[Any], str]
    offending: str

    @property
    def own_statement(self) -> bool:
        """Say whether this is a SELECT of its own."""
        return not self.measure


def rules_of(cell: str, table: str) -> list[Rule]:
    """The rules of a cell about a table (SQL that may follow FROM, or ""). Raises SqlError."""
    found = [_rule(text, table) for text in _texts(cell)]
    if not found:
        raise SqlError("There is nothing to expect in this cell. Write a rule a line, for example: rows > 0")
    return found


def _texts(cell: str) -> list[str]:
    """A rule a line; a SELECT goes on until an empty line or a semicolon."""
    texts: list[str] = []
    going_on = False
    for line in cell.splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith(("--", "#")):
            going_on = going_on and bool(stripped)
            continue
        if going_on:
            texts[-1] += f"\n{line.rstrip()}"
        else:
            texts.append(stripped)
        going_on = bool(_SELECT.match(texts[-1])) and not stripped.endswith(";")
    return [text.rstrip("; \n") for text in texts]


def _rule(text: str, table: str) -> Rule:
    if _SELECT.match(text):
        return Rule(text, "", lambda rows: rows == 0, lambda rows: f"{rows:,} rows came back", text)
    if not table:
        raise SqlError(f"{text!r} is about a table: name it on the first line, for example %%expect flights")
    if found := _ROWS.fullmatch(text):
        return _rows(text, found[1], int(re.sub(r"[_,]", "", found[2])))
    if found := _NO_NULLS.fullmatch(text):
        return _no_nulls(text, _names(found[1]), table)
    if found := _UNIQUE.fullmatch(text):
        return _unique(text, _names(found[1]), table)
    if found := _FRESH.fullmatch(text):
        return _fresh(text, _names(found[1])[0], float(found[3]), found[4].lower())
    if _LABEL.match(text):
        raise SqlError(f"{text!r} is no rule. A rule is one of: {_HELP}.")
    return _condition(text, table)


def _names(written: str) -> list[str]:
    parts = [part.strip() for part in written.split(",")]
    return [quoted(part) if _NAME.fullmatch(part) else part for part in parts if part]


def _rows(text: str, sign: str, wanted: int) -> Rule:
    compare = _COMPARED[sign]
    return Rule(
        text, "count()", lambda rows: compare(rows, wanted), lambda rows: f"there are {rows:,} rows", ""
    )


def _no_nulls(text: str, names: list[str], table: str) -> Rule:
    missing = " OR ".join(f"isNull({name})" for name in names)
    return Rule(
        text,
        f"countIf({missing})",
        lambda rows: rows == 0,
        lambda rows: f"{_counted(rows)} without a value",
        f"SELECT * FROM {table} WHERE {missing}",
    )


def _unique(text: str, names: list[str], table: str) -> Rule:
    key = ", ".join(names)
    return Rule(
        text,
        f"count() - uniqExact({key})",
        lambda rows: rows == 0,
        lambda rows: f"{_counted(rows)} too many",
        f"SELECT {key}, count() AS times FROM {table} GROUP BY {key} HAVING times > 1 ORDER BY times DESC",
    )


def _fresh(text: str, name: str, number: float, unit: str) -> Rule:
    if unit not in _SECONDS:
        raise SqlError(f"{text!r}: an age is in seconds, minutes, hours, days or weeks, for example: < 1 day")
    most = number * _SECONDS[unit]
    return Rule(
        text,
        f"if(count() = 0, NULL, dateDiff('second', max({name}), now()))",
        lambda age: age is not None and age <= most,
        lambda age: "there are no rows" if age is None else f"the newest is {_age(age)} old",
        "",
    )


def _condition(text: str, table: str) -> Rule:
    """Anything else must be true for each row; where it is unknown, a value is missing, which is another rule."""
    return Rule(
        text,
        f"countIf(NOT ({text}))",
        lambda rows: rows == 0,
        lambda rows: f"not so for {_counted(rows)}",
        f"SELECT * FROM {table} WHERE NOT ({text})",
    )


def _counted(rows: int) -> str:
    return f"{rows:,} row" if rows == 1 else f"{rows:,} rows"


def _age(seconds: int) -> str:
    for unit, length in reversed(_SECONDS.items()):
        if seconds >= 2 * length:
            return f"{seconds // length:,} {unit}s"
    return f"{seconds} s"
