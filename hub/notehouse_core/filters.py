"""A dashboard's filters: the parameters of its notebook, as controls with state in the page's address. Pure.

What a parameters cell assigns decides the control: `origin: Literal["JFK", "LGA"] = "JFK"  # Airport` is a choice
labelled Airport, `list[Literal[…]]` several of them, a bool, a number, an ISO date or a text what they are.
"""

from __future__ import annotations

import ast
import datetime as dt
import io
import math
import re
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from notehouse_core.errors import Invalid

LONGEST = 200  # characters of a text
MOST_CHOICES = 500
RESERVED = frozenset(
    {"token", "live", "format", "tile"}
)  # names that addresses of a dashboard use themselves
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_WHOLE = re.compile(r"[+-]?\d{1,18}")


@dataclass(frozen=True)
class Filter:
    """A control. `kind`: choice, several, flag, whole, number, date or text; `choices` only for the first two."""

    name: str
    label: str
    kind: str
    choices: tuple[Any, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return what `of_json` reads."""
        return asdict(self)

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> Filter:
        """Read what `as_json` returned."""
        return cls(content["name"], content["label"], content["kind"], tuple(content["choices"]))

    def read(self, given: Sequence[str]) -> Any:
        """Turn an address's values into the parameter's. Raises Invalid."""
        if self.kind == "several":
            return [self._one(text) for text in given if text]
        return self._one(given[-1])

    def text(self, value: Any) -> str:
        """Write a value as an address has it."""
        return str(value).lower() if isinstance(value, bool) else str(value)

    def _one(self, text: str) -> Any:
        match self.kind:
            case "choice" | "several":
                found = next((one for one in self.choices if self.text(one) == text), None)
                return found if found is not None else self._refuse(text, "one of those that are offered")
            case "flag":
                return text == "true" if text in {"true", "false"} else self._refuse(text, "true or false")
            case "whole":
                return int(text) if _WHOLE.fullmatch(text) else self._refuse(text, "a whole number")
            case "number":
                return self._number(text)
            case "date":
                return text if _is_date(text) else self._refuse(text, "a day such as 2026-03-31")
        return text if len(text) <= LONGEST else self._refuse(text, f"at most {LONGEST} characters long")

    def _number(self, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        return value if math.isfinite(value) else self._refuse(text, "a number")

    def _refuse(self, text: str, wanted: str) -> Any:
        message = f"{self.label} is {text[:40]!r}, but must be {wanted}."
        raise Invalid(message, fields=[{"field": self.name, "message": f"must be {wanted}"}])


def chosen_of(filters: Sequence[Filter], query: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the parameters that an address chooses; names that are no filter are left out. Raises Invalid."""
    return {one.name: one.read(query[one.name]) for one in filters if query.get(one.name)}


def filters_of(source: str, defaults: Mapping[str, Any]) -> list[Filter]:
    """Return the filters of a parameters cell, in its order; `defaults` are its values that JSON can hold."""
    labels, found = _comments(source), []
    for statement in ast.parse(source).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]):
                annotation = None
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                pass
            case _:
                continue
        made = _filter(name, labels.get(statement.end_lineno or 0, ""), annotation, defaults.get(name))
        if made is not None and name in defaults and name not in RESERVED:
            found.append(made)
    return found


def _filter(name: str, comment: str, annotation: ast.expr | None, default: Any) -> Filter | None:
    label = comment or name.replace("_", " ").strip().capitalize()
    choices = _choices(annotation)
    if isinstance(default, list):
        return Filter(name, label, "several", choices) if choices else None
    if choices:
        return Filter(name, label, "choice", choices)
    kind = _kind(default)
    return Filter(name, label, kind) if kind else None


def _kind(default: Any) -> str:
    match default:
        case bool():
            return "flag"
        case int():
            return "whole"
        case float():
            return "number"
        case str():
            return "date" if _is_date(default) else "text"
    return ""


def _choices(annotation: ast.expr | None) -> tuple[Any, ...]:
    """The values of `Literal[…]`, also inside `list[…]`; none for anything else."""
    match annotation:
        case ast.Subscript(value=ast.Name(id="list"), slice=inner):
            return _choices(inner)
        case ast.Subscript(value=ast.Name(id="Literal"), slice=ast.Tuple(elts=values)):
            pass
        case ast.Subscript(value=ast.Name(id="Literal"), slice=value):
            values = [value]
        case _:
            return ()
    literals = [one.value for one in values if isinstance(one, ast.Constant)]
    return tuple(one for one in literals if isinstance(one, (str, int, float)))[:MOST_CHOICES]


def _is_date(text: str) -> bool:
    try:
        return bool(_DATE.fullmatch(text) and dt.date.fromisoformat(text))
    except ValueError:
        return False


def _comments(source: str) -> dict[int, str]:
    """The comment at the end of each line."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        one.start[0]: one.string.lstrip("# ").strip()
        for one in tokens
        if one.type == tokenize.COMMENT and one.line[: one.start[1]].strip()
    }
