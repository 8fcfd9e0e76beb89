"""`{{x}}` and `{x:Type}` in SQL become typed parameters that the server binds; values are never pasted.

A name of a table or a column is a parameter only where it says so: `{{ident(x)}}` or `{x:Identifier}`.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from notehouse_core.errors import Invalid

IDENTIFIER = "Identifier"
_DOUBLE = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
_IDENTIFIER = re.compile(r"\{\{\s*ident\(\s*([A-Za-z_]\w*)\s*\)\s*\}\}")
_TYPED = re.compile(r"\{\s*([A-Za-z_]\w*)\s*:\s*([^{}]+?)\s*\}")
_ZONE = re.compile(r"DateTime(?:64)?\((?:\d+, *)?'([^']+)'")
_PLAIN_NAME = re.compile(r"[A-Za-z_]\w{0,199}(?:\.[A-Za-z_]\w{0,199}){0,2}")
_ESCAPES = str.maketrans(
    {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\0": "\\0"}
)
_WIDTHS = (64, 128, 256)


@dataclass(frozen=True)
class Form:
    """How values of a type are written: tuples as (…) or as lists, moments in which zone and with what after the second."""

    tuples: bool = False
    zone: str = "UTC"
    fraction: bool = True


PLAIN = Form()


def bind(sql: str, variables: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """The SQL with `{{x}}` turned into typed places, and the text of every place's value.

    Raises Invalid naming a variable that is not defined, has a type SQL does not, or is no name where one is wanted.
    """
    parts: dict[str, str] = {}
    typed = _IDENTIFIER.sub(lambda found: _places(found[1], _value(found[1], variables), parts), sql)
    typed = _DOUBLE.sub(
        lambda found: f"{{{found[1]}:{type_of(found[1], _value(found[1], variables))}}}", typed
    )
    types = {name: kind for name, kind in _TYPED.findall(typed) if name not in parts}
    return typed, parts | {name: _text(name, types[name], _value(name, variables)) for name in sorted(types)}


def _places(name: str, value: Any, parts: dict[str, str]) -> str:
    """A place for each part of a dotted name, such as database.table."""
    for place, part in enumerate(_name(name, value).split(".")):
        parts[f"{name}__{place}"] = part
    return ".".join(f"{{{one}:{IDENTIFIER}}}" for one in parts if one.rpartition("__")[0] == name)


def _name(name: str, value: Any) -> str:
    if not isinstance(value, str) or not _PLAIN_NAME.fullmatch(value):
        raise Invalid(
            f"{name} is {str(value)[:60]!r}, which is no name of a table or a column: letters, digits and _ only, with "
            "points between the parts."
        )
    return value


def _value(name: str, variables: Mapping[str, Any]) -> Any:
    try:
        value = variables[name]
    except KeyError:
        raise Invalid(
            f"The query uses {name}, and there is no variable of that name. Define it first."
        ) from None
    return plain(
        value.value if hasattr(value, "value") and hasattr(value, "observe") else value
    )  # a widget's own


def _text(name: str, kind: str, value: Any) -> str:
    if kind == IDENTIFIER:
        return _name(name, value)
    if kind.startswith("JSON") and not isinstance(value, str):
        return text_of(json.dumps(value))
    return text_of(value, _form_of(kind))


def plain(value: Any) -> Any:
    """A value of NumPy or pandas as Python's own; nothing for their missing values."""
    if hasattr(value, "tolist") and not isinstance(value, str):
        value = value.tolist()
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    if type(value).__name__ in {"NaTType", "NAType"}:
        return None
    return value


def type_of(name: str, value: Any) -> str:
    """The ClickHouse type of a Python value. Raises Invalid for one that SQL has no type for."""
    match value:
        case None:
            return "Nullable(Nothing)"
        case bool():
            return "Bool"
        case int():
            return _type_of_whole(name, value)
        case float():
            return "Float64"
        case Decimal():
            return _type_of_decimal(value)
        case str():
            return "String"
        case dt.datetime():
            return "DateTime64(6, 'UTC')" if value.tzinfo else "DateTime64(6)"
        case dt.date():
            return "Date32"
        case UUID() | IPv4Address() | IPv6Address():
            return {"UUID": "UUID", "IPv4Address": "IPv4", "IPv6Address": "IPv6"}[type(value).__name__]
        case list() | tuple():
            return f"Array({_common(name, value)})"
        case dict() if value and all(isinstance(key, str) for key in value):
            return f"Map(String, {_common(name, value.values())})"
        case _ if plain(value) is not value:  # NumPy's and pandas' own
            return type_of(name, plain(value))
    raise Invalid(
        f"{name} is a {type(value).__name__}, which cannot be bound to a query. Write its type: {{{name}:Type}}."
    )


def _type_of_whole(name: str, value: int) -> str:
    for width in _WIDTHS:
        if -(1 << width - 1) <= value < 1 << width - 1:
            return f"Int{width}"
        if 0 <= value < 1 << width:
            return f"UInt{width}"
    raise Invalid(f"{name} is larger than any whole number that SQL has (256 bits).")


def _type_of_decimal(value: Decimal) -> str:
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):  # not a number, or infinite
        return "Float64"
    places = max(0, -exponent)
    whole = max(1, len(digits) + exponent)
    if places + whole > 76:
        return "Float64"
    return f"Decimal({38 if places + whole <= 38 else 76}, {places})"


def _common(name: str, values: Iterable[Any]) -> str:
    """The one type of a list's values. Raises Invalid where there is none."""
    values = [plain(one) for one in values]
    if values and all(isinstance(one, list | tuple) for one in values):
        return f"Array({_common(name, [inner for one in values for inner in one])})"
    found = list(dict.fromkeys(type_of(name, one) for one in values))
    present = [one for one in found if one != "Nullable(Nothing)"]
    kind = _widest(name, present) if present else "Nothing"
    nullable = len(present) < len(found) and not kind.startswith(("Array(", "Map("))
    return f"Nullable({kind})" if nullable else kind


def _widest(name: str, kinds: list[str]) -> str:
    if len(kinds) == 1:
        return kinds[0]
    if all("Int" in kind or kind == "Float64" for kind in kinds) and not any("(" in kind for kind in kinds):
        if "Float64" in kinds:
            return "Float64"
        width = max(int(kind.lstrip("UInt")) for kind in kinds)
        signed = [kind for kind in kinds if kind.startswith("Int")]
        unsigned = [int(kind[4:]) for kind in kinds if kind.startswith("U")]
        if not signed:
            return f"UInt{width}"
        return f"Int{next((one for one in _WIDTHS if one > max(unsigned, default=0) and one >= width), 256)}"
    if all(kind.startswith("Decimal(") or "Int" in kind for kind in kinds) and not any(
        "Array" in kind for kind in kinds
    ):
        places = max(
            int(kind.rpartition(",")[2].strip(" )")) for kind in kinds if kind.startswith("Decimal(")
        )
        return f"Decimal(76, {places})"
    raise Invalid(
        f"{name} has values of different types ({', '.join(kinds)}). Write its type: {{{name}:Array(Type)}}."
    )


def _form_of(kind: str) -> Form:
    zone = _ZONE.search(kind)
    return Form("Tuple(" in kind, zone[1] if zone else "UTC", re.search(r"DateTime\b", kind) is None)


def text_of(value: Any, form: Form = PLAIN) -> str:
    r"""A value as ClickHouse reads a parameter: its escaped text format, \N for nothing."""
    value = plain(value)
    match value:
        case None:
            return r"\N"
        case str():
            return value.translate(_ESCAPES)
        case list() | tuple() | dict():
            return _within(value, form)
    return _scalar(value, form)


def _scalar(value: Any, form: Form) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}"
        case dt.datetime():
            moment = value.astimezone(ZoneInfo(form.zone)) if value.tzinfo else value
            return moment.strftime("%Y-%m-%d %H:%M:%S.%f" if form.fraction else "%Y-%m-%d %H:%M:%S")
    return str(value)


def _within(value: Any, form: Form) -> str:
    """A value inside a list, a map or a tuple: texts in quotes, escaped once."""
    value = plain(value)
    match value:
        case None:
            return "NULL"
        case bool() | int() | float() | Decimal():
            return _scalar(value, form)
        case tuple() if form.tuples:
            items = [_within(item, form) for item in value]
            return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
        case list() | tuple():
            return f"[{', '.join(_within(item, form) for item in value)}]"
        case dict():
            pairs = (f"{_within(key, form)}: {_within(one, form)}" for key, one in value.items())
            return f"{{{', '.join(pairs)}}}"
    text = value if isinstance(value, str) else _scalar(value, form)
    return "'" + text.translate(_ESCAPES).replace("'", "\\'") + "'"
