"""Columns keep their meaning on the way from ClickHouse to a frame."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa

from notehouse_sql.column_types import is_ambiguous, restored


def test_moments_and_enums_are_restored_and_numbers_stay() -> None:
    table = pa.table(
        {
            "a": pa.array([1357020000, None], pa.uint32()),
            "b": pa.array([1, 2], pa.int8()),
            "c": pa.array([7, 8], pa.uint32()),
            "d": pa.array([0, 1], pa.uint32()),
        }
    )
    assert is_ambiguous(table.schema)
    types = [
        "Nullable(DateTime('America/New_York'))",
        r"Enum8('it\'s' = 1, 'b = 2' = 2)",
        "UInt32",
        "DateTime",
    ]
    found = restored(table, types)
    assert found.schema.field("a").type == pa.timestamp("s", tz="America/New_York")
    assert found.column("a").to_pylist()[0].isoformat() == "2013-01-01T01:00:00-05:00"
    assert found.column("a").to_pylist()[1] is None
    assert found.column("b").to_pylist() == ["it's", "b = 2"]
    assert found.column("c").to_pylist() == [7, 8]
    assert found.column("d").to_pylist()[1] == dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=dt.UTC)
    assert not is_ambiguous(found.select(["a", "b", "d"]).schema)


def test_an_empty_answer_has_the_types_too() -> None:
    table = pa.table({"a": pa.array([], pa.uint32())})
    assert restored(table, ["DateTime('UTC')"]).schema.field("a").type == pa.timestamp("s", tz="UTC")
    assert restored(table, []) == table
