"""What a `%%sql` cell of a published notebook asks, for those who want its rows without its kernel. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from notehouse_core.errors import Invalid
from notehouse_core.sql_parameters import bind

DEFAULT_SOURCE = "warehouse"
_CELL = re.compile(r"^\s*%%sql\b([^\n]*)\n(.+)$", re.DOTALL)
_SOURCE = re.compile(r"[A-Za-z_][\w-]*")
_INTO = re.compile(r"([A-Za-z_]\w*)\s*<<\s*")  # on the line of the magic
_BEGINS_INTO = re.compile(r"\s*([A-Za-z_]\w*)\s*<<\s*")  # before the statement
_KEPT = re.compile(r"--(?:save|as)\s+(\S+)")
_HARMLESS = frozenset({"--all", "--no-cache"})  # say nothing about which rows there are


@dataclass(frozen=True)
class Question:
    """A statement with typed places, the text of their values, and the source it goes to."""

    source: str
    sql: str
    values: dict[str, str]


def shows_table(source: str) -> bool:
    """Say whether a cell is SQL whose rows are what it shows."""
    found = _CELL.match(source)
    return bool(found and "<<" not in found[1] and not re.match(r"\s*\w+\s*<<", found[2]))


def frame_of(source: str) -> str:
    """Return the variable that a cell puts its rows into (`%%sql name <<`), or nothing."""
    found = _CELL.match(source)
    if found is None:
        return ""
    named = _INTO.search(found[1]) or _BEGINS_INTO.match(found[2])
    return named[1] if named else ""


def kept_by(source: str) -> str:
    """Return the name under which a cell keeps its query for others (`--save`, `--as`), or nothing."""
    found = _CELL.match(source)
    named = _KEPT.search(found[1]) if found else None
    return named[1] if named else ""


def question_of(source: str, parameters: Mapping[str, Any]) -> Question:
    """Return what a cell asks that shows its rows. Raises Invalid when that is known to Python alone."""
    if not shows_table(source):
        raise Invalid("This tile is not a table made by SQL alone, so there are no rows to fetch.")
    return asked_by(source, parameters)


def asked_by(source: str, parameters: Mapping[str, Any]) -> Question:
    """Return what an SQL cell asks, whether it shows its rows or keeps them. Raises Invalid as `question_of` does."""
    found = _CELL.match(source)
    if found is None:
        raise Invalid("This cell is not SQL.")
    words = [word for word in shlex.split(_INTO.sub("", found[1])) if word not in _HARMLESS]
    if len(words) > 1 or not all(_SOURCE.fullmatch(word) for word in words):
        raise Invalid("This tile's SQL is put together by Python, so its rows cannot be fetched alone.")
    begins = _BEGINS_INTO.match(found[2])
    statement = found[2][begins.end() if begins else 0 :]
    sql, values = bind(statement.strip().rstrip(";"), parameters)
    return Question(words[0] if words else DEFAULT_SOURCE, sql, values)
