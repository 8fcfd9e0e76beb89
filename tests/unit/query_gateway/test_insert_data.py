"""Where an INSERT ends and its rows begin."""

import pytest

from notehouse_hub.service.query_gateway.insert_data import split


@pytest.mark.parametrize(
    ("text", "statement", "rows"),
    [
        (b"INSERT INTO t VALUES (1)", b"INSERT INTO t VALUES", b" (1)"),
        (b"insert into t (a, b) values (1)", b"insert into t (a, b) values", b" (1)"),
        (b"INSERT INTO t FORMAT CSV\n1,2\n", b"INSERT INTO t FORMAT CSV", b"1,2\n"),
        (b"INSERT INTO t FORMAT TSV\r\n\n1", b"INSERT INTO t FORMAT TSV", b"\n1"),
        (b"INSERT INTO t FORMAT Native", b"INSERT INTO t FORMAT Native", b""),
        (b"INSERT INTO `values` FORMAT CSV 1", b"INSERT INTO `values` FORMAT CSV", b"1"),
        (b"INSERT INTO values VALUES (1)", b"INSERT INTO values VALUES", b" (1)"),
        (b"INSERT INTO t (`format`) FORMAT CSV\n1", b"INSERT INTO t (`format`) FORMAT CSV", b"1"),
        (
            b"/* VALUES */ INSERT INTO t -- FORMAT\nVALUES(1)",
            b"/* VALUES */ INSERT INTO t -- FORMAT\nVALUES",
            b"(1)",
        ),
        (b"INSERT INTO t SELECT 'x' FORMAT CSV", b"INSERT INTO t SELECT 'x' FORMAT CSV", None),
        (b"INSERT INTO t (SELECT 1)", b"INSERT INTO t (SELECT 1)", None),
        (b"SELECT 'INSERT INTO t VALUES'", b"SELECT 'INSERT INTO t VALUES'", None),
        (b"inserted", b"inserted", None),
        (b"WITH 1 AS v INSERT INTO t FORMAT TSV\n1", b"WITH 1 AS v INSERT INTO t FORMAT TSV", b"1"),
        (
            b"with (select 1) as v insert into t values (v)",
            b"with (select 1) as v insert into t values",
            b" (v)",
        ),
        (b"WITH 13 AS insert SELECT insert", b"WITH 13 AS insert SELECT insert", None),
        (
            b"WITH {SELECT:Int32} AS v INSERT INTO t FORMAT TSV\n1",
            b"WITH {SELECT:Int32} AS v INSERT INTO t FORMAT TSV",
            b"1",
        ),
        (b"WITH 'INSERT' AS v SELECT v FORMAT CSV", b"WITH 'INSERT' AS v SELECT v FORMAT CSV", None),
        (
            b"WITH v AS (SELECT 1) INSERT INTO t SELECT 1",
            b"WITH v AS (SELECT 1) INSERT INTO t SELECT 1",
            None,
        ),
        (b"INSERT INTO t FORMAT", b"INSERT INTO t FORMAT", None),
        (b"INSERT INTO t", b"INSERT INTO t", None),
        (b"INSERT INTO t FORMAT Native\n\x00\xff'", b"INSERT INTO t FORMAT Native", b"\x00\xff'"),
    ],
)
def test_split(text: bytes, statement: bytes, rows: bytes | None) -> None:
    assert split(text) == (statement, rows)
