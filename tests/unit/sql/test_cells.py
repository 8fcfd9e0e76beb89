"""What a SQL cell says and means: its line, its values, its errors."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from notehouse_core.errors import Invalid
from notehouse_core.sql_parameters import bind
from notehouse_sql.arguments import DEFAULT_LIMIT, parse
from notehouse_sql.errors import SqlError, explain
from notehouse_sql.progress import line, size
from notehouse_sql.snippets import composed, keep


def test_the_line_says_source_name_and_limit() -> None:
    asked = parse("warehouse late << --limit 10 --with a --with b --no-cache", "SELECT 1")
    assert (asked.source, asked.limit, asked.use, asked.cache) == ("warehouse", 10, ("a", "b"), False)
    for written in ("live late <<", "live late << --all"):
        asked = parse(written, "SELECT 1")
        assert (asked.source, asked.assign) == ("live", "late")
    assert parse("late <<", "SELECT 1").assign == "late"
    assert parse("", "late << SELECT 1").assign == "late"
    assert parse("--as kept", "SELECT 1").keep == "kept"
    assert parse("--save kept --no-execute --polars", "SELECT 1").save == "kept"
    assert parse("--all", "SELECT 1").limit is None
    assert parse("-w a -w b -S c -N", "SELECT 1") == parse(
        "--with a --with b --save c --no-execute", "SELECT 1"
    )
    assert parse("-w a --limit 3 SELECT - 1", None).sql == "SELECT - 1"
    assert parse("--interact a --interact b", "SELECT 1").interact == ("a", "b")
    assert parse("", "SELECT 1").limit == DEFAULT_LIMIT
    inline = parse("SELECT 'it''s' AS a", None)
    assert inline.sql == "SELECT 'it''s' AS a"


@pytest.mark.parametrize(
    ("written", "cell", "why"),
    [
        ("--limit many", "SELECT 1", "number of rows"),
        ("--frobnicate", "SELECT 1", "not known"),
        ("--connections", "SELECT 1", "connected already"),
        ("--persist frame", "SELECT 1", "insert\\(frame"),
        ("--file nowhere.sql", "", "nowhere.sql cannot be read: No such file"),
        ("--file nowhere.sql", "SELECT 1", "not in both"),
        ("", " ", "no SQL"),
    ],
)
def test_a_line_that_cannot_be_read_shows_how_it_is_written(written: str, cell: str, why: str) -> None:
    with pytest.raises(SqlError, match=why):
        parse(written, cell)


def test_a_statement_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "late.sql"
    file.write_text("SELECT 1 AS a\n")
    for cell in (None, ""):
        asked = parse(f"late << -f {file}", cell)
        assert (asked.assign, asked.sql) == ("late", "SELECT 1 AS a\n")
    with pytest.raises(SqlError, match="not in both"):
        parse(f"--file {file} SELECT 2", None)


def test_values_are_bound_never_pasted() -> None:
    evil = "x' OR 1=1 --"
    sql, values = bind("SELECT {{a}}, {b:UInt8}, {{day}}, {{many}}", {
        "a": evil, "b": 3, "day": dt.date(2013, 7, 1), "many": ["p", "q'"],
    })  # fmt: skip
    assert evil not in sql
    assert sql == "SELECT {a:String}, {b:UInt8}, {day:Date32}, {many:Array(String)}"
    assert values == {"a": evil, "b": "3", "day": "2013-07-01", "many": r"['p', 'q\'']"}


def test_a_variable_that_is_missing_is_named() -> None:
    with pytest.raises(Invalid, match="uses origin"):
        bind("SELECT {{origin}}", {})
    with pytest.raises(Invalid, match="is a object"):
        bind("SELECT {{a}}", {"a": object()})


def test_a_syntax_error_marks_the_place() -> None:
    said = (
        "Code: 62. DB::Exception: Syntax error: failed at position 13 (FORM) (line 2, col 5): FORM flights. "
        "Expected one of: ... (SYNTAX_ERROR) (version 26.7.3.1)"
    )
    shown = str(explain(said, "SELECT\n 1 FORM flights"))
    assert shown.startswith("SQL syntax error near 'FORM', line 2, column 6")
    assert "Expected one of" not in shown


def test_an_error_is_one_message_without_codes_and_versions() -> None:
    said = (
        "Code: 60. DB::Exception: Unknown table expression identifier 'nothing' in scope SELECT * FROM nothing. "
        "(UNKNOWN_TABLE) (version 26.7.3.1 (official build))"
    )
    error = explain(said, "SELECT * FROM nothing")
    assert "nothing" in str(error)
    assert "version" not in str(error)
    assert "DB::Exception" not in str(error)
    assert error._render_traceback_() == [str(error)]


def test_progress_reads_well() -> None:
    half = line({"read_rows": 50, "total_rows": 100, "read_bytes": 2_500_000}, 2.0)
    assert half.startswith("[████████████············] 50%")
    assert "2.5 MB" in half
    assert "about 2 s left" in half
    assert line({"read_rows": 5}, 1.0).startswith("5 rows read")
    assert [size(1), size(1500), size(3 * 10**12)] == ["1 B", "1.5 KB", "3.0 TB"]


def test_saved_queries_compose_in_the_order_they_need() -> None:
    keep("late", "SELECT * FROM flights WHERE arr_delay >= 60;", ())
    keep("later", "SELECT * FROM late", ("late",))
    text = composed("SELECT count() FROM later;", ("later",))
    assert text.index("`late` AS (SELECT * FROM flights") < text.index("`later` AS (SELECT * FROM late)")
    assert text.endswith("SELECT count() FROM later")


def test_a_query_with_tables_of_its_own_goes_on_behind_the_saved_ones() -> None:
    keep("late", "SELECT * FROM flights", ())
    text = composed("WITH few AS (SELECT * FROM late LIMIT 3) SELECT count() FROM few", ("late",))
    assert text.count("WITH") == 1
    assert "`late` AS (SELECT * FROM flights), few AS (SELECT" in text
    with pytest.raises(SqlError, match="late"):
        composed("SELECT 1", ("lat",))
