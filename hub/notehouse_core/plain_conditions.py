"""Which filters of an SQL tile are plain conditions on columns that its answer has? Pure.

Such a filter need not be asked for: the answer without it holds all rows that any choice of it shows, and a browser can
pick them. That is so for a condition that stands in WHERE, joined by AND alone, on a column that the answer has under its
own name and, where rows are grouped, is grouped by. Whatever is in doubt is not plain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_QUIET = re.compile(r"'(?:[^'\\]|\\.|'')*'|--[^\n]*|#[\s!][^\n]*|/\*.*?\*/", re.DOTALL)
_UNFIT = re.compile(
    r"\b(?:LIMIT|OVER|WINDOW|UNION|INTERSECT|EXCEPT|WITH|OFFSET|TOP|FETCH|QUALIFY|PREWHERE|SETTINGS|FORMAT|FILL|ROLLUP"
    r"|CUBE|TOTALS|GROUPING|rowNumber\w*|running\w+|neighbor|blockNumber|rand\w*)\b|[`\"]",
    re.IGNORECASE,
)
_SHAPE = re.compile(
    r"^\s*(?:%%sql[^\n]*\n)?\s*(?:\w+\s*<<\s*)?SELECT\s+(?:DISTINCT\s+)?(?P<columns>.+?)\bFROM\b.+?\bWHERE\b(?P<where>.+?)"
    r"(?:\bGROUP\s+BY\b(?P<keys>.+?)(?:\bHAVING\b.+?)?)?(?:\bORDER\s+BY\b.+?)?;?\s*$",
    re.DOTALL | re.IGNORECASE,
)
_WORDS = re.compile(r"\b(SELECT|WHERE|FROM|GROUP\s+BY|ORDER\s+BY|HAVING)\b", re.IGNORECASE)
_JOINT = re.compile(r"[()\[\]]|\bBETWEEN\b|\bAND\b", re.IGNORECASE)
_PLACE = r"\{{\{{\s*{0}\s*\}}\}}|\{{\s*{0}\s*:[^{{}}]+\}}"
_NAME = r"[A-Za-z_]\w*"
_P, _Q = (
    rf"(?:\{{\{{\s*(?P<{n}>{_NAME})\s*\}}\}}|\{{\s*(?P<{n}_>{_NAME})\s*:[^{{}}]+\}})" for n in ("p", "q")
)
_C, _L = rf"(?P<c>{_NAME})", r"(?P<all>'[^'\\]*')"


def _form(pattern: str) -> re.Pattern[str]:
    spaced = pattern.format(P=_P, Q=_Q, C=_C, L=_L).replace(" ", r"\s*").replace("~", r"\s+")
    return re.compile(rf"\s*{spaced}\s*", re.IGNORECASE)


# What a condition looks like, and what it asks of a row's value.
_FORMS: Sequence[tuple[re.Pattern[str], str]] = (
    (_form("{C} = {P}"), "is"),
    (_form("{P} = {C}"), "is"),
    (_form(r"{P}~IN \( {L} , {C} \)"), "is"),
    (_form(r"\( {P} = {L}~OR~{C} = {Q} \)"), "is"),
    (_form("{C}~IN~{P}"), "among"),
    (_form(r"has \( {P} , {C} \)"), "among"),
    (_form(r"\( empty \( {P} \)~OR~has \( {Q} , {C} \) \)"), "among or any"),
    (_form(r"\( empty \( {P} \)~OR~{C}~IN~{Q} \)"), "among or any"),
    (_form(r"{C}~BETWEEN~{P} \[ 1 \]~AND~{Q} \[ 2 \]"), "within"),
    (_form("{C}~BETWEEN~{P}~AND~{Q}"), "between"),
    (_form("{C} >= {P}"), ">="),
    (_form("{C} <= {P}"), "<="),
    (_form("{C} > {P}"), ">"),
    (_form("{C} < {P}"), "<"),
)


@dataclass(frozen=True)
class Condition:
    """`op` (is, among, among or any, within, >=, <=, >, <) of a filter on a column; `all` is what lets all rows pass."""

    filter: str
    column: str
    op: str
    all: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what a page reads."""
        return {"filter": self.filter, "column": self.column, "op": self.op, "all": self.all}


@dataclass(frozen=True)
class _Part:
    """One of the conditions that AND joins, where it stands, and what it says of filters if it is plain."""

    start: int
    end: int
    conditions: tuple[Condition, ...]


def conditions_of(source: str, filters: Iterable[str]) -> list[Condition]:
    """Return the plain conditions of an SQL cell on these filters."""
    return [one for part in _plain(source, filters) for one in part.conditions]


def without_conditions(source: str, filters: Iterable[str]) -> str:
    """Return the SQL cell without its plain conditions on these filters."""
    for part in reversed(_plain(source, filters)):
        source = f"{source[: part.start]} 1 {source[part.end :]}"
    return source


def _plain(source: str, filters: Iterable[str]) -> list[_Part]:
    bare = _QUIET.sub(
        lambda found: re.sub(r"[^'\n]", "_", found[0]) if found[0][0] == "'" else _blank(found[0]), source
    )
    words = [re.sub(r"\s+", " ", one.upper()) for one in _WORDS.findall(bare)]
    if len(set(words)) != len(words) or _UNFIT.search(bare) or not (shape := _SHAPE.match(bare)):
        return []
    columns = _bare_names(shape["columns"])
    if shape["keys"] is not None:
        columns &= _bare_names(shape["keys"])
    columns -= {name for name in columns if re.search(rf"\bAS\s+{name}\b", bare, re.IGNORECASE)}
    parts = [_part(source, start, end, columns) for start, end in _joined(bare, *shape.span("where"))]
    known = {name for name in filters if _alone(name, source, parts)}
    return [one for one in parts if one.conditions and all(c.filter in known for c in one.conditions)]


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _bare_names(listed: str) -> set[str]:
    """The columns of a list that stand there by their name alone."""
    found, depth, item = set(), 0, ""
    for sign in f"{listed},":
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and not depth:
            found.add(item.strip())
            item = ""
        else:
            item += sign
    return {one for one in found if re.fullmatch(_NAME, one)}


def _joined(bare: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The spans of the conditions that AND joins; the AND of a BETWEEN joins none."""
    depth, between = 0, False
    for found in _JOINT.finditer(bare, start, end):
        word = found[0].upper()
        if word in "([":
            depth += 1
        elif word in ")]":
            depth -= 1
        elif depth:
            continue
        elif word == "BETWEEN":
            between = True
        elif between:
            between = False
        else:
            yield start, found.start()
            start = found.end()
    yield start, end


def _part(source: str, start: int, end: int, columns: set[str]) -> _Part:
    for form, op in _FORMS:
        if (found := form.fullmatch(source, start, end)) and found["c"] in columns:
            return _Part(start, end, tuple(_read(found, op)))
    return _Part(start, end, ())


def _read(found: re.Match[str], op: str) -> Iterator[Condition]:
    groups = {name: value for name, value in found.groupdict().items() if value is not None}
    first, second = (groups.get(name, groups.get(f"{name}_", "")) for name in ("p", "q"))
    every = groups["all"][1:-1] if "all" in groups else None
    if op == "between":
        if first != second:
            yield Condition(first, found["c"], ">=")
            yield Condition(second, found["c"], "<=")
    elif second in {"", first}:
        yield Condition(first, found["c"], op, every)


def _alone(name: str, source: str, parts: Sequence[_Part]) -> bool:
    """Say whether a filter stands nowhere but in plain conditions."""
    place = re.compile(_PLACE.format(re.escape(name)))
    inside = sum(
        len(place.findall(source, one.start, one.end))
        for one in parts
        if any(condition.filter == name for condition in one.conditions)
    )
    return (
        0
        < inside
        == len(re.findall(rf"\b{re.escape(name)}\b\s*(?=[:}}])", source))
        == len(place.findall(source))
    )
