"""Values of notebook variables as typed parameters: `{{x}}` and `{x:Type}` are bound by the server, never pasted."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from notehouse_core.errors import Invalid

_DOUBLE = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
_TYPED = re.compile(r"\{\s*([A-Za-z_]\w*)\s*:\s*[^{}]+\}")


def bind(sql: str, variables: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """The SQL with `{{x}}` turned into typed places, and the text of every place's value.

    Raises Invalid naming a variable that is not defined, or has a type SQL does not.
    """
    names = set(_DOUBLE.findall(sql))
    typed = _DOUBLE.sub(lambda found: f"{{{found[1]}:{type_of(found[1], _value(found[1], variables))}}}", sql)
    names |= set(_TYPED.findall(typed))
    return typed, {name: text_of(_value(name, variables)) for name in sorted(names)}


def _value(name: str, variables: Mapping[str, Any]) -> Any:
    try:
        value = variables[name]
    except KeyError:
        raise Invalid(
            f"The query uses {name}, and there is no variable of that name. Define it first."
        ) from None
    return value.value if hasattr(value, "value") and hasattr(value, "observe") else value  # a widget's own


def type_of(name: str, value: Any) -> str:
    """The ClickHouse type of a Python value. Raises Invalid for one that SQL has no type for."""
    match value:
        case bool():
            return "Bool"
        case int():
            return "Int64"
        case float() | Decimal():
            return "Float64"
        case str():
            return "String"
        case dt.datetime():
            return "DateTime64(6)"
        case dt.date():
            return "Date32"
        case UUID():
            return "UUID"
        case list() | tuple() if value:
            return f"Array({type_of(name, value[0])})"
        case _ if hasattr(value, "item"):  # NumPy's scalars
            return type_of(name, value.item())
    raise Invalid(
        f"{name} is a {type(value).__name__}, which cannot be bound to a query. Write its type: {{{name}:Type}}."
    )


def text_of(value: Any) -> str:
    r"""A value as ClickHouse reads a parameter: its escaped text format, \N for nothing."""
    match value:
        case None:
            return r"\N"
        case bool():
            return "true" if value else "false"
        case list() | tuple():
            return f"[{', '.join(_quoted(item) for item in value)}]"
        case dt.datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S.%f")
        case _ if hasattr(value, "item") and not isinstance(value, str):
            return text_of(value.item())
    return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _quoted(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float | list | tuple):
        return text_of(value)
    inner = text_of(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{inner}'"
