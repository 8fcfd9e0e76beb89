"""Columns that Arrow carries as plain numbers or bytes become what ClickHouse says they are, however deep they lie."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

KIND = b"clickhouse"  # key of a field's metadata: the column's ClickHouse type
_ENTRY = re.compile(r"('(?:[^'\\]|\\.)*') = (-?\d+)")
_NUMBERS = {pa.uint32(), pa.int8(), pa.int16()}
_BYTES = {pa.binary(), pa.binary(16), pa.binary(32)}
_INTEGERS = {"Int128": 16, "UInt128": 16, "Int256": 32, "UInt256": 32}


@dataclass(frozen=True)
class Type:
    """A ClickHouse type: its name, and what stands between its parentheses, names of a tuple's elements taken off."""

    name: str
    text: str
    parts: tuple[Type, ...]
    names: tuple[str, ...] = ()

    @property
    def bare(self) -> Type:
        """The type within the wrappers that say how it is stored."""
        return self.parts[0].bare if self.name in {"Nullable", "LowCardinality"} else self


def parsed(text: str) -> Type:
    """Read the name of a type as ClickHouse writes it."""
    text = " ".join(text.split())
    name, opened, inner = text.partition("(")
    inner = inner.removesuffix(")") if opened else ""
    if name not in {"Nullable", "LowCardinality", "Array", "Map", "Tuple", "Nested"}:
        return Type(name, inner, ())
    elements = [_element(part) if name in {"Tuple", "Nested"} else ("", part) for part in _split(inner)]
    names = tuple(found for found, _ in elements if found)
    return Type(name, inner, tuple(parsed(part) for _, part in elements), names)


def _split(text: str) -> list[str]:
    """Cut at commas that stand in no parentheses and no quotes."""
    parts, depth, begin = [], 0, 0
    for found in re.finditer(r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|[(),]", text):
        match found.group():
            case "(":
                depth += 1
            case ")":
                depth -= 1
            case "," if depth == 0:
                parts.append(text[begin : found.start()].strip())
                begin = found.end()
    return [*parts, text[begin:].strip()]


def _element(text: str) -> tuple[str, str]:
    """The name and the type of a tuple's element; unnamed ones have none."""
    named = re.match(r"(`(?:[^`\\]|\\.)*`|[A-Za-z_]\w*) +(?=[A-Z])", text)
    return (named[1].strip("`"), text[named.end() :]) if named else ("", text)


def is_ambiguous(schema: pa.Schema) -> bool:
    """Say whether a column may be more than what it is carried as: only then are the types asked for."""
    return any(_may_be_more(field.type) for field in schema)


def _may_be_more(kind: pa.DataType) -> bool:
    if pa.types.is_list(kind):
        return _may_be_more(kind.value_type)
    if pa.types.is_map(kind):
        return _may_be_more(kind.key_type) or _may_be_more(kind.item_type)
    if pa.types.is_struct(kind):
        return True  # whether its elements have names
    return kind in _NUMBERS or kind in _BYTES


def restored(table: pa.Table, types: Sequence[str]) -> pa.Table:
    """Return the table with columns of these ClickHouse types, in its order, as what they mean."""
    for place, text in enumerate(types):
        kind = parsed(text)
        column = table.column(place)
        change = _change(kind)
        if change is not None:
            column = pa.chunked_array(
                [change(chunk) for chunk in column.chunks] or [change(_none_of(column))]
            )
        field = pa.field(table.schema.field(place).name, column.type, metadata={KIND: text.encode()})
        table = table.set_column(place, field, column)
    return table


def _none_of(column: pa.ChunkedArray) -> pa.Array:
    return pa.array([], column.type)


def _change(kind: Type) -> Callable[[pa.Array], pa.Array] | None:
    """What turns an array of this type into what it means; None where it means what it is."""
    kind = kind.bare
    if kind.name in {"Array", "Map", "Tuple", "Nested"}:
        return _change_within(kind)
    if kind.name == "DateTime":
        zone = kind.text.strip("'") or "UTC"
        return lambda array: array.cast(pa.int64()).cast(pa.timestamp("s", tz=zone))
    if kind.name in {"Enum8", "Enum16"}:
        return _words(kind)
    if kind.name == "BFloat16":
        return _mapped(_half_float, pa.float32())
    if kind.name == "IPv4":
        return _mapped(lambda number: str(IPv4Address(number)), pa.string())
    if kind.name == "IPv6":
        return _mapped(lambda found: str(IPv6Address(found)), pa.string())
    if kind.name in _INTEGERS:
        return _integers(kind)
    return None


def _words(kind: Type) -> Callable[[pa.Array], pa.Array]:
    words = {int(number): ast.literal_eval(word) for word, number in _ENTRY.findall(kind.text)}
    numbers, texts = pa.array(list(words), pa.int16()), pa.array(list(words.values()), pa.string())
    return lambda array: pc.take(texts, pc.index_in(array.cast(pa.int16()), value_set=numbers))


def _mapped(change: Callable[[Any], Any], kind: pa.DataType) -> Callable[[pa.Array], pa.Array]:
    return lambda array: pa.array([None if one is None else change(one) for one in array.to_pylist()], kind)


def _half_float(found: bytes) -> float:
    """A BFloat16 is the upper half of a Float32."""
    import struct

    (number,) = struct.unpack("<f", b"\0\0" + found)
    return float(number)


def _integers(kind: Type) -> Callable[[pa.Array], pa.Array]:
    """Whole numbers of 128 bits as decimals without places; of 256, which no decimal of Arrow holds, as text."""
    signed = kind.name.startswith("I")

    def number(found: bytes) -> int:
        return int.from_bytes(found, "little", signed=signed)

    if _INTEGERS[kind.name] == 16:
        return _mapped(number, pa.decimal256(39, 0))
    return _mapped(lambda found: str(number(found)), pa.string())


def _change_within(kind: Type) -> Callable[[pa.Array], pa.Array] | None:
    changes = [_change(part) for part in kind.parts]
    if not any(changes):
        return None
    match kind.name:
        case "Array":
            return lambda array: pa.ListArray.from_arrays(
                _offsets(array), _applied(changes[0], array.flatten())
            )
        case "Map":
            return lambda array: _map(array, changes)
        case "Tuple":
            return lambda array: pa.StructArray.from_arrays(
                [_applied(change, array.field(place)) for place, change in enumerate(changes)],
                names=[array.type.field(place).name for place in range(array.type.num_fields)],
                mask=array.is_null() if array.null_count else None,
            )
    return None


def _map(array: pa.Array, changes: list[Callable[[pa.Array], pa.Array] | None]) -> pa.Array:
    begin, end = array.offsets[0].as_py(), array.offsets[-1].as_py()
    keys, items = array.keys.slice(begin, end - begin), array.items.slice(begin, end - begin)
    offsets = pc.subtract(array.offsets, begin)
    return pa.MapArray.from_arrays(offsets, _applied(changes[0], keys), _applied(changes[1], items))


def _offsets(array: pa.Array) -> pa.Array:
    """Where each list begins once the lists are one array."""
    lengths = pc.fill_null(pc.list_value_length(array), 0)
    return pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths).cast(pa.int32())])


def _applied(change: Callable[[pa.Array], pa.Array] | None, array: pa.Array) -> pa.Array:
    return change(array) if change else array
