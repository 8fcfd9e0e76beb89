import pytest

from notehouse_core.clickhouse_errors import DatabaseRefusal, parse_refusal
from notehouse_core.sql_parameters import text_of


@pytest.mark.parametrize(
    ("text", "sql", "expected"),
    [
        (
            "Code: 62. DB::Exception: Syntax error: failed at position 8 (FORM) (line 1, col 8): FORM x. "
            "(SYNTAX_ERROR) (version 26.7.3.1 (official build))\n",
            "SELECT FORM x",
            DatabaseRefusal(
                62, "Syntax error: failed at position 8 (FORM) (line 1, col 8): FORM x. (SYNTAX_ERROR)", 1, 8
            ),
        ),
        (
            "Code: 62. DB::Exception: Syntax error: failed at position 12 (oops).",
            "SELECT 1\n  oops",
            DatabaseRefusal(62, "Syntax error: failed at position 12 (oops).", 2, 3),
        ),
        (
            "Code: 60. DB::Exception: Unknown table expression identifier 'nope'. (UNKNOWN_TABLE)",
            "SELECT * FROM nope",
            DatabaseRefusal(60, "Unknown table expression identifier 'nope'. (UNKNOWN_TABLE)"),
        ),
        ("", "SELECT 1", DatabaseRefusal(0, "The database refused the statement.")),
        ("gibberish", "SELECT 1", DatabaseRefusal(0, "gibberish")),
    ],
)
def test_a_refusal_is_read_into_its_parts(text: str, sql: str, expected: DatabaseRefusal) -> None:
    assert parse_refusal(text, sql) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, r"\N"),
        (True, "true"),
        (3, "3"),
        (2.5, "2.5"),
        ("plain", "plain"),
        ("tab\tand\\slash\n", "tab\\tand\\\\slash\\n"),
        (["a'b", "c"], r"['a\'b', 'c']"),
        ([1, None, [2]], "[1, NULL, [2]]"),
        ("'; DROP TABLE flights --", "'; DROP TABLE flights --"),
    ],
)
def test_parameters_are_written_as_values(value: object, text: str) -> None:
    assert text_of(value) == text
