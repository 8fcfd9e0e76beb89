"""The mark of tables moves with their rows, and with nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from integration.rights.conftest import settings_of
from notehouse_core.access import AccessClass, TableGrant
from notehouse_hub.embedded.standalone import RunningClickHouse
from notehouse_hub.rights.server import Server
from notehouse_hub.service.table_marks import mark_of


@pytest.fixture
async def table(clickhouse: RunningClickHouse) -> AsyncIterator[Server]:
    """A server with marks.rides: two parts of a partition, one of another."""
    server = Server(settings_of(clickhouse))
    made = "CREATE TABLE marks.rides (day Date, km UInt32) ENGINE = MergeTree PARTITION BY day ORDER BY day"
    for statement in ("CREATE DATABASE marks", made):
        await server.execute(statement)
    for day, km in ((1, 5), (1, 7), (2, 9)):
        await server.execute(f"INSERT INTO marks.rides VALUES ('2026-01-0{day}', {km})")
    yield server
    await server.execute("DROP DATABASE marks SYNC")
    await server.close()


async def _mark(server: Server, granted: str = "rides", *words: str, source: str = "warehouse") -> str:
    reads = AccessClass("united", (TableGrant(source, "marks", granted, None, "1"),))
    return await mark_of(server, reads, {*words} or {"rides"})


async def test_a_merge_moves_no_mark(table: Server) -> None:
    await table.execute("ALTER TABLE marks.rides UPDATE km = km + 1 WHERE 1 SETTINGS mutations_sync = 2")
    await table.execute("INSERT INTO marks.rides VALUES ('2026-01-01', 20)")
    before = await _mark(table)
    await table.execute("OPTIMIZE TABLE marks.rides FINAL")
    parts = await table.rows(
        "SELECT count() FROM system.parts WHERE active AND database = 'marks' AND level > 0"
    )
    assert int(parts[0][0]) >= 1
    assert await _mark(table) == before


@pytest.mark.parametrize(
    "change",
    [
        ("INSERT INTO marks.rides VALUES ('2026-01-02', 1)",),
        ("ALTER TABLE marks.rides UPDATE km = 1 WHERE km = 9 SETTINGS mutations_sync = 2",),
        ("DELETE FROM marks.rides WHERE km = 9",),
        ("ALTER TABLE marks.rides DROP PARTITION '2026-01-02'",),
        ("TRUNCATE TABLE marks.rides",),
        (
            "CREATE OR REPLACE TABLE marks.rides (day Date, km UInt32) ENGINE = MergeTree PARTITION BY day ORDER BY day",
            "INSERT INTO marks.rides VALUES ('2026-01-01', 6)",
            "INSERT INTO marks.rides VALUES ('2026-01-01', 8)",
            "INSERT INTO marks.rides VALUES ('2026-01-02', 10)",
        ),
    ],
)
async def test_other_rows_move_it(table: Server, change: tuple[str, ...]) -> None:
    before = await _mark(table)
    for statement in change:
        await table.execute(statement)
    assert await _mark(table) != before


async def test_only_what_a_class_reads_and_a_notebook_names_counts(table: Server) -> None:
    every, other, unnamed = (
        await _mark(table, "*"),
        await _mark(table, "roads"),
        await _mark(table, "rides", "roads"),
    )
    await table.execute("INSERT INTO marks.rides VALUES ('2026-01-02', 1)")
    assert await _mark(table, "*") != every
    assert await _mark(table, "roads") == other
    assert await _mark(table, "rides", "roads") == unnamed


@pytest.mark.parametrize(("named", "moves"), [((), False), (("landing",), True), (("marks",), True)])
async def test_a_table_of_a_source_that_is_not_named_is_a_word_like_any_other(
    table: Server, named: tuple[str, ...], moves: bool
) -> None:
    before = await _mark(table, "rides", "rides", *named, source="landing")
    await table.execute("INSERT INTO marks.rides VALUES ('2026-01-02', 1)")
    assert (await _mark(table, "rides", "rides", *named, source="landing") != before) is moves
