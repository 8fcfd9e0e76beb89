"""P11: charts over a billion rows, against their own aggregates run raw: how long, and how much travels."""

from __future__ import annotations

import httpx

from benchmarks.figures import Figure, Result, at_most, holds, ratio
from benchmarks.kernel import measured_in_kernel
from benchmarks.stage import Stage

ROWS = 1_000_000_000
TABLE = "flights.benchmark_billion"
MADE = (
    f"CREATE TABLE {TABLE} (at DateTime('UTC'), delay UInt16, minute UInt16) ENGINE = MergeTree ORDER BY at",
    f"SYSTEM STOP MERGES {TABLE}",  # they would be measured with whatever runs beside them
    f"INSERT INTO {TABLE} SELECT toDateTime('2000-01-01', 'UTC') + intDiv(number, 2), number % 1021, number % 1440 "
    f"FROM numbers_mt({ROWS}) SETTINGS max_insert_threads = 2, min_insert_block_size_rows = 20000000",
)
RUN = """
from benchmarks.in_kernel_charts import charts
found = charts({table!r}, {gateway!r}, {url!r}, {key!r})
"""
MOST_BYTES, MOST_TIMES, INLINE = 50_000, 1.1, 500


def measure(stage: Stage) -> list[Result]:
    """Make the table (it is removed again), then draw in a kernel of ours."""
    _engine(stage, f"DROP TABLE IF EXISTS {TABLE} SYNC")
    for statement in MADE:
        _engine(stage, statement)
    try:
        code = RUN.format(table=TABLE, gateway=stage.gateway, url=stage.clickhouse, key=stage.key)
        found = measured_in_kernel(stage, "admin", code, 600)
    finally:
        _engine(stage, f"DROP TABLE IF EXISTS {TABLE} SYNC")
    inline = found.pop("inline")
    results = [one for name, each in found.items() for one in _chart(name, each)]
    times = inline / found["histogram"]["sent"]
    what = "bytes of the histogram, against a million rows in the page"
    return [*results, holds("P11", what, f"1/{times:,.0f}", f"≤ 1/{INLINE}", times >= INLINE)]


def _chart(name: str, each: dict[str, list[float]]) -> list[Result]:
    what = f"{name} of {ROWS:,} rows"
    sent = Figure.of([each["sent"]], "bytes")  # type: ignore[list-item]
    return [
        ratio("P11", f"{what} against its aggregate raw", Figure.of(each["chart"], "ms"),
              Figure.of(each["raw"], "ms"), MOST_TIMES),
        at_most("P11", f"{what}: over the wire", sent, MOST_BYTES),
        holds("P11", f"{what}: bins are those of the raw aggregate", f"{each['rows']} rows", "the same",
              bool(each["same"])),
    ]  # fmt: skip


def _engine(stage: Stage, statement: str) -> None:
    answer = httpx.post(
        stage.clickhouse,
        content=statement,
        headers={"X-Notehouse-Key": stage.key},
        timeout=600,
        trust_env=False,
    )
    if answer.is_error:
        raise ValueError(answer.text[:500])
