"""Parameters of a query that is kept: each with a type and perhaps a default, bound by the server, never pasted. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from notehouse_core.errors import Invalid

MOST = 100
LARGEST = 1_000_000  # bytes of all values as JSON
_NAME = re.compile(r"[A-Za-z_]\w{0,63}", re.ASCII)
_TYPE = re.compile(r"[A-Za-z]\w{0,60}(?:\([\w ,.'()/+-]{0,200}\))?", re.ASCII)
# From left to right: a place in a text or a comment is none, and a type may hold a text.
_PLACE = re.compile(
    r"""
      \{\{\s*(?P<double>[A-Za-z_]\w*)\s*\}\}
    | \{\s*(?P<name>[A-Za-z_]\w*)\s*:\s*(?P<type>[^{}]+?)\s*\}
    | '(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.)*" | `(?:[^`\\]|\\.)*` | --[^\n]* | \#[\s!][^\n]* | /\*.*?\*/
    """,
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True)
class QueryParameter:
    """A place in SQL; without a default it needs a value, unless its type takes none."""

    name: str
    type: str
    default: Any = None

    @property
    def is_required(self) -> bool:
        """Must a run give a value?"""
        return self.default is None and not self.type.startswith("Nullable(")


def places_of(sql: str) -> dict[str, str]:
    """The parameters that SQL names and their types, "" for a {{name}} that leaves its type to the declaration."""
    found: dict[str, str] = {}
    for place in _PLACE.finditer(sql):
        if place["double"]:
            found.setdefault(place["double"], "")
        elif place["name"]:
            found[place["name"]] = place["type"]
    return found


def declared(sql: str, given: Sequence[QueryParameter]) -> list[QueryParameter]:
    """All parameters of SQL, in its order, with what was said of them. Raises Invalid for what does not fit."""
    said = {one.name: one for one in given}
    places = places_of(sql)
    if len(said) < len(given) or len(places) > MOST:
        raise _wrong("parameters", f"A query has at most {MOST} parameters, each once.")
    if unknown := sorted(said.keys() - places.keys()):
        raise _wrong(
            "parameters", f"The SQL does not use a parameter {unknown[0]}: write {{{unknown[0]}:Type}}."
        )
    return [_one(name, written, said.get(name)) for name, written in places.items()]


def filled(parameters: Sequence[QueryParameter], values: Mapping[str, Any]) -> dict[str, Any]:
    """A value for each parameter: what is given, or its default. Raises Invalid naming one that is missing or unknown."""
    known = {one.name: one for one in parameters}
    if unknown := sorted(values.keys() - known.keys()):
        there = ", ".join(known) or "none"
        raise _wrong(f"parameters.{unknown[0]}", f"The query has no parameter {unknown[0]}; it has: {there}.")
    if missing := [one.name for one in parameters if one.is_required and values.get(one.name) is None]:
        raise _wrong(f"parameters.{missing[0]}", f"The query needs a value for {missing[0]}.")
    if len(json.dumps(dict(values))) > LARGEST:
        raise _wrong("parameters", f"The values are larger than {LARGEST:,} bytes together.")
    return {one.name: values.get(one.name, one.default) for one in parameters}


def typed(sql: str, parameters: Sequence[QueryParameter]) -> str:
    """The SQL with each {{name}} as a place of its declared type."""
    types = {one.name: one.type for one in parameters}

    def place(found: re.Match[str]) -> str:
        name = found["double"]
        return f"{{{name}:{types[name]}}}" if name in types else found[0]

    return _PLACE.sub(place, sql)


def _one(name: str, written: str, said: QueryParameter | None) -> QueryParameter:
    kind = written or (said.type if said else "")
    if not _NAME.fullmatch(name):
        raise _wrong("parameters", f"{name[:80]!r} is too long for a parameter's name.")
    if not kind:
        raise _wrong("parameters", f"Say the type of {name}, or write {{{name}:Type}} in the SQL.")
    if not _TYPE.fullmatch(kind):
        raise _wrong("parameters", f"{kind[:80]!r} is no type that a parameter can have.")
    if said and _plain(said.type) != _plain(kind):
        raise _wrong("parameters", f"{name} is {kind} in the SQL, and {said.type} among the parameters.")
    return QueryParameter(name, kind, said.default if said else None)


def _plain(kind: str) -> str:
    return kind.replace(" ", "")


def _wrong(field: str, message: str) -> Invalid:
    return Invalid(message, fields=[{"field": field, "message": message}])
