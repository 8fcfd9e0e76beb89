"""From an Arrow table to the frame of a person's choice, each column as what it means."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from notehouse_sql.column_types import KIND, Type, parsed

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

_MANY = 500_000  # rows; of fewer, threads take longer to wake than they save
_BIG = {"Int128", "UInt128", "Int256", "UInt256"}


def pandas_frame(table: pa.Table) -> pd.DataFrame:
    """A pandas frame: whole numbers stay whole beside missing ones, maps are dicts, tuples are tuples."""
    table = _with_bytes(table)
    frame = _placeholders(table).to_pandas(maps_as_pydicts="lossy", use_threads=table.num_rows > _MANY)
    for place, field in enumerate(table.schema):
        column = table.column(place)
        if (mapper := _missing_beside(field.type)) and column.null_count:
            frame.isetitem(place, column.to_pandas(types_mapper=mapper).array)
        elif change := _natural(field):
            frame.isetitem(place, _objects([change(one) for one in column.to_pylist()]))
        elif _holds_extension(field.type) or (pa.types.is_list(field.type) and _beyond_numpy(column)):
            frame.isetitem(place, _objects(column.to_pylist()))
    return frame


def polars_frame(table: pa.Table) -> pl.DataFrame:
    """A polars frame; what polars has no type for is text."""
    import polars

    for place, field in enumerate(table.schema):
        if isinstance(field.type, pa.BaseExtensionType):
            texts = [None if one is None else str(one) for one in table.column(place).to_pylist()]
            table = table.set_column(place, field.name, pa.array(texts, pa.string()))
    frame = polars.from_arrow(table)
    assert isinstance(frame, polars.DataFrame)  # noqa: S101 - of a table
    return frame


def _with_bytes(table: pa.Table) -> pa.Table:
    """Columns of text that is none become bytes: a String of ClickHouse may hold any."""
    for place, field in enumerate(table.schema):
        if field.type == pa.string():
            try:
                table.column(place).validate(full=True)
            except pa.ArrowInvalid:
                table = table.set_column(place, field.name, table.column(place).cast(pa.binary()))
    return table


def _placeholders(table: pa.Table) -> pa.Table:
    """Nothing in the place of columns that pandas would refuse; they are filled in afterwards."""
    for place, field in enumerate(table.schema):
        if _holds_extension(field.type):
            table = table.set_column(place, field.name, pa.nulls(table.num_rows))
    return table


def _holds_extension(kind: pa.DataType) -> bool:
    """Say whether a list, a map or a tuple has values in it that only Arrow's extensions describe."""
    within = [kind.field(place).type for place in range(kind.num_fields)]
    return any(isinstance(one, pa.BaseExtensionType) or _holds_extension(one) for one in within)


def _beyond_numpy(column: pa.ChunkedArray) -> bool:
    """Say whether lists have in them what NumPy has not: something missing among whole numbers, moments of a zone."""
    inner = pc.list_flatten(column)
    zoned = pa.types.is_timestamp(inner.type) and inner.type.tz is not None  # which NumPy would take off
    return zoned or bool(inner.null_count) or (pa.types.is_list(inner.type) and _beyond_numpy(inner))


def _missing_beside(kind: pa.DataType) -> Callable[[pa.DataType], Any] | None:
    """Pandas' own types for whole numbers and truth values among which some are missing."""
    if not (pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        return None
    import pandas as pd

    known: dict[pa.DataType, Any] = {
        pa.int8(): pd.Int8Dtype(), pa.int16(): pd.Int16Dtype(), pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype(),
        pa.uint8(): pd.UInt8Dtype(), pa.uint16(): pd.UInt16Dtype(), pa.uint32(): pd.UInt32Dtype(),
        pa.uint64(): pd.UInt64Dtype(), pa.bool_(): pd.BooleanDtype(),
    }  # fmt: skip
    return known.get


def _natural(field: pa.Field) -> Callable[[Any], Any] | None:
    """What makes a Python value of a cell where pandas would not: big numbers, JSON, UUIDs, tuples."""
    if isinstance(field.type, pa.BaseExtensionType):
        if field.type.extension_name == "arrow.json":
            return lambda cell: None if cell is None else json.loads(cell)
        return lambda cell: cell
    kind = (field.metadata or {}).get(KIND)
    return _of_type(parsed(kind.decode())) if kind else None


def _of_type(kind: Type) -> Callable[[Any], Any] | None:
    kind = kind.bare
    if kind.name in _BIG:
        return lambda cell: None if cell is None else int(cell)
    within = [_of_type(part) for part in kind.parts]
    if kind.name == "Array" and within[0]:
        change = within[0]
        return lambda cell: None if cell is None else [change(one) for one in cell]
    if kind.name == "Map" and any(within):
        return lambda cell: {_with(within[0], key): _with(within[1], one) for key, one in cell}
    if kind.name == "Tuple" and not kind.names:
        return lambda cell: tuple(
            _with(change, one) for change, one in zip(within, cell.values(), strict=True)
        )
    return None


def _with(change: Callable[[Any], Any] | None, cell: Any) -> Any:
    return change(cell) if change else cell


def _objects(cells: list[Any]) -> Any:
    import numpy as np

    made = np.empty(len(cells), dtype=object)
    for place, cell in enumerate(cells):
        made[place] = cell
    return made
