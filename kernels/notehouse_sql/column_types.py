"""Columns that Arrow carries as plain numbers become what ClickHouse says they are: moments, and words of an Enum."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

_WRAPPED = re.compile(r"^(?:Nullable|LowCardinality)\((.*)\)$", re.DOTALL)
_DATE_TIME = re.compile(r"^DateTime(?:\('([^']+)'\))?$")
_ENUM = re.compile(r"^Enum(?:8|16)\((.*)\)$", re.DOTALL)
_ENTRY = re.compile(r"('(?:[^'\\]|\\.)*') = (-?\d+)")


def is_ambiguous(schema: pa.Schema) -> bool:
    """Say whether a column may be more than the number it is carried as: only then are the types asked for."""
    return any(field.type in {pa.uint32(), pa.int8(), pa.int16()} for field in schema)


def restored(table: pa.Table, types: Sequence[str]) -> pa.Table:
    """Return the table with columns of these ClickHouse types, in its order, as what they mean."""
    for place, name in enumerate(types):
        if change := _change(name):
            column = change(table.column(place))
            table = table.set_column(place, table.schema.field(place).name, column)
    return table


def _change(name: str) -> Callable[[pa.ChunkedArray], pa.ChunkedArray] | None:
    while wrapped := _WRAPPED.match(name):
        name = wrapped[1]
    if moment := _DATE_TIME.match(name):
        zone = moment[1] or "UTC"
        return lambda column: column.cast(pa.int64()).cast(pa.timestamp("s", tz=zone))
    if enum := _ENUM.match(name):
        words = {int(number): ast.literal_eval(word) for word, number in _ENTRY.findall(enum[1])}
        numbers, texts = pa.array(list(words), pa.int16()), pa.array(list(words.values()), pa.string())
        return lambda column: pc.take(texts, pc.index_in(column.cast(pa.int16()), value_set=numbers))
    return None
