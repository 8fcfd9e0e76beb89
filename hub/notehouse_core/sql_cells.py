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


def question_of(source: str, parameters: Mapping[str, Any]) -> Question:
    """Return what a cell asks with these parameters. Raises Invalid when that is known to Python alone."""
    found = _CELL.match(source)
    if found is None or not shows_table(source):
        raise Invalid("This tile is not a table made by SQL alone, so there are no rows to fetch.")
    words = [word for word in shlex.split(found[1]) if word not in _HARMLESS]
    if len(words) > 1 or not all(_SOURCE.fullmatch(word) for word in words):
        raise Invalid("This tile's SQL is put together by Python, so its rows cannot be fetched alone.")
    sql, values = bind(found[2].strip().rstrip(";"), parameters)
    return Question(words[0] if words else DEFAULT_SOURCE, sql, values)
