"""Which parameters may a run be given? Names that Python can assign, values that JSON can hold."""

from __future__ import annotations

import json
import keyword
import math
import re
from collections.abc import Mapping
from typing import Any

from notehouse_core import errors

LARGEST = 2**20  # bytes of all parameters together, as JSON
DEEPEST = 16

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def check_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters; raises Invalid naming each one that cannot be given, and why.

    Names become code in the notebook (papermill writes `name = value`), so nothing but a plain name passes.
    """
    problems = [
        {"field": f"parameters.{name[:80]}", "message": why}
        for name, value in parameters.items()
        if (why := _name_problem(name) or _value_problem(value))
    ]
    if problems:
        said = "; ".join(f"{p['field'].removeprefix('parameters.')!r} {p['message']}" for p in problems[:5])
        raise errors.Invalid(f"These parameters cannot be used: {said}.", fields=problems)
    size = len(json.dumps(dict(parameters)).encode())
    if size > LARGEST:
        raise errors.TooLarge(f"The parameters have {size} bytes; at most {LARGEST} can be given.")
    return dict(parameters)


def _name_problem(name: str) -> str:
    if not _NAME.fullmatch(name):
        return "is not a name: use letters, digits and _, at most 64, not a digit first"
    if keyword.iskeyword(name):
        return "is a word of Python's own; choose another name"
    return ""


def _value_problem(value: Any, depth: int = 0) -> str:
    if depth > DEEPEST:
        return f"is nested deeper than {DEEPEST} levels"
    match value:
        case None | bool() | int() | str():
            return ""
        case float():
            return "" if math.isfinite(value) else "is not a finite number"
        case list():
            return next((why for item in value if (why := _value_problem(item, depth + 1))), "")
        case dict():
            return _mapping_problem(value, depth)
        case _:
            return f"is of a type that JSON has not ({type(value).__name__})"


def _mapping_problem(value: dict[Any, Any], depth: int) -> str:
    if not all(isinstance(key, str) for key in value):
        return "has keys that are not text"
    return _value_problem(list(value.values()), depth)
