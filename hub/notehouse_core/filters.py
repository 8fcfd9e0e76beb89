"""A dashboard's filters: the parameters of its notebook, as controls with state in the page's address. Pure.

What a parameters cell assigns decides the control: `origin: Literal["JFK", "LGA"] = "JFK"  # Airport` is a choice
labelled Airport, `list[Literal[…]]` several of them, a bool, a number, an ISO date or a text what they are.
`origin = filter("select", ["JFK", "LGA"], label="Airport")` says it in one word; its choices may be a SELECT.
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
_ENDS = frozenset({"range", "dates"})
_KINDS = {"select": "choice", "multi": "several", "range": "range", "date range": "dates", "search": "text"}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_WHOLE = re.compile(r"[+-]?\d{1,18}")


@dataclass(frozen=True)
class Filter:
    """A control. `kind`: choice, several, flag, whole, number, date, text, range or dates.

    `choices` only for the first two; or `query`, a SELECT of one column that answers them.
    """

    name: str
    label: str
    kind: str
    choices: tuple[Any, ...] = ()
    query: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return what `of_json` reads."""
        return asdict(self)

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> Filter:
        """Read what `as_json` returned."""
        return cls(
            content["name"],
            content["label"],
            content["kind"],
            tuple(content["choices"]),
            content.get("query", ""),
        )

    def read(self, given: Sequence[str]) -> Any:
        """Turn an address's values into the parameter's. Raises Invalid."""
        if self.kind == "several":
            return [self._one(text) for text in given[:MOST_CHOICES] if text]
        if self.kind in _ENDS:
            return self._ends(given)
        return self._one(given[-1])

    def texts(self, value: Any) -> list[str]:
        """Write a value of a filter that has several texts as an address has them."""
        return [self.text(one) for one in value]

    def _ends(self, given: Sequence[str]) -> list[Any]:
        """Two ends, the lower first."""
        if len(given) != 2:
            return self._refuse(", ".join(given), "given by its two ends")  # type: ignore[no-any-return]
        ends = [self._end(text) for text in given]
        if ends[0] > ends[1]:
            self._refuse(" to ".join(given), "given with its lower end first")
        return ends

    def _end(self, text: str) -> Any:
        if self.kind == "dates":
            return text if _is_date(text) else self._refuse(text, "days such as 2026-03-31")
        return int(text) if _WHOLE.fullmatch(text) else self._number(text)

    def text(self, value: Any) -> str:
        """Write a value as an address has it."""
        return text_of(value)

    def _one(self, text: str) -> Any:
        match self.kind:
            case "choice" | "several" if not self.query:
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


def text_of(value: Any) -> str:
    """Write one value as an address has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def chosen_of(filters: Sequence[Filter], query: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the parameters that an address chooses; names that are no filter are left out. Raises Invalid."""
    return {one.name: one.read(query[one.name]) for one in filters if query.get(one.name)}


def filters_of(source: str, defaults: Mapping[str, Any]) -> list[Filter]:
    """Return the filters of a parameters cell, in its order; `defaults` are its values that JSON can hold."""
    labels, found = _comments(source), []
    for statement in ast.parse(source).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if asked := filter_call(value):
                if name not in RESERVED:
                    found.append(_asked(name, labels.get(statement.end_lineno or 0, ""), asked))
                continue
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


@dataclass(frozen=True)
class Asked:
    """What a `filter(...)` in a notebook says."""

    kind: str
    given: list[Any]
    options: dict[str, Any]


def filter_call(node: ast.expr | None) -> Asked | None:
    """Read `filter("select", …)`; nothing for anything else. Raises Invalid for one that is not made of constants."""
    match node:
        case ast.Call(
            func=ast.Name(id="filter"), args=[ast.Constant(value=str(kind)), *given], keywords=options
        ):
            pass
        case _:
            return None
    try:
        return Asked(
            kind,
            [ast.literal_eval(one) for one in given],
            {str(one.arg): ast.literal_eval(one.value) for one in options},
        )
    except ValueError:
        raise _wrong("is made of constants alone, so that publishing can read it") from None


def value_of(kind: str, given: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """The value that a filter begins with. Raises Invalid for a filter that there is not."""
    wanted = {"value", "label", "choices"} if kind in {"select", "multi"} else {"value", "label"}
    if kind not in _KINDS or (strange := options.keys() - wanted):
        known = ", ".join(_KINDS)
        raise _wrong(f"has no {sorted(strange)[0]}" if kind in _KINDS else f"is one of {known}, not {kind!r}")
    if kind in {"select", "multi"}:
        choices = options.get("choices", given[0] if given else None)
        return _first_choice(kind, choices, options)
    value = options.get(
        "value", list(given) if kind in {"range", "date range"} else given[0] if given else ""
    )
    return _checked(kind, value)


def _first_choice(kind: str, choices: Any, options: Mapping[str, Any]) -> Any:
    if isinstance(choices, str):
        if kind == "select" and "value" not in options:
            raise _wrong("needs value= when a SELECT answers its choices")
    elif (
        not isinstance(choices, list)
        or not choices
        or not all(isinstance(one, (str, int, float)) for one in choices)
    ):
        raise _wrong("needs choices: a list of texts or numbers, or a SELECT of one column")
    if kind == "multi":
        value = options.get("value", [])
        if not isinstance(value, list):
            raise _wrong("has a list as its value when several can be chosen")
    else:
        value = options.get("value", choices[0])
    strange = [one for one in (value if isinstance(value, list) else [value]) if one not in choices]
    if strange and not isinstance(choices, str):
        raise _wrong(f"has {strange[0]!r} as its value, which is none of its choices")
    return value


def _checked(kind: str, value: Any) -> Any:
    if kind == "search":
        if not isinstance(value, str):
            raise _wrong("has a text as its value when it is a search")
        return value
    if not isinstance(value, list) or len(value) != 2:
        raise _wrong(f"has two ends when it is a {kind}")
    right = (
        all(_is_date(str(one)) for one in value)
        if kind == "date range"
        else all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in value)
    )
    if not right or value[0] > value[1]:
        raise _wrong(f"has two ends, the lower first, when it is a {kind}; days are written 2026-03-31")
    return value


def _asked(name: str, comment: str, asked: Asked) -> Filter:
    value_of(asked.kind, asked.given, asked.options)
    label = str(asked.options.get("label") or comment or name.replace("_", " ").strip().capitalize())
    choices = asked.options.get("choices", asked.given[0] if asked.given else ())
    if asked.kind not in {"select", "multi"}:
        return Filter(name, label, _KINDS[asked.kind])
    if isinstance(choices, str):
        return Filter(name, label, _KINDS[asked.kind], query=choices)
    return Filter(name, label, _KINDS[asked.kind], tuple(choices)[:MOST_CHOICES])


def _wrong(why: str) -> Invalid:
    return Invalid(f"A filter {why}.", fields=[{"field": "notebook", "message": f"a filter {why}"}])


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
