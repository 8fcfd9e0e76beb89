"""What a SQL cell asks, and its rows as CSV that a spreadsheet runs nothing of."""

from __future__ import annotations

import json

import pytest

from notehouse_core.errors import Invalid
from notehouse_core.sql_cells import question_of, shows_table
from notehouse_core.warehouse import Answer
from notehouse_hub.service.table_export import checked, csv_of


def test_a_cell_asks_its_source_with_typed_values() -> None:
    asked = question_of(
        "%%sql live --all\nSELECT 1 WHERE a = {{a}} AND b = {b:Date};\n", {"a": 3, "b": "2013-01-02"}
    )
    assert asked.source == "live"
    assert asked.sql == "SELECT 1 WHERE a = {a:Int64} AND b = {b:Date}"
    assert asked.values == {"a": "3", "b": "2013-01-02"}


@pytest.mark.parametrize(
    "cell",
    [
        "%%sql --with months\nSELECT 1",
        "%%sql name <<\nSELECT 1",
        "%%sql\nname << SELECT 1",
        "import pandas",
        "%%sql\nSELECT {{unknown}}",
    ],
)
def test_what_python_decides_is_refused(cell: str) -> None:
    with pytest.raises(Invalid):
        question_of(cell, {})


def test_only_cells_that_show_rows_are_tables() -> None:
    assert shows_table("%%sql\nSELECT 1")
    assert not shows_table("%%sql months <<\nSELECT 1")
    assert not shows_table("%%sqlcmd tables\nx")


def test_csv_quotes_and_defuses() -> None:
    rows = [["=1+1", -2.5], ["@cmd", None], ['say "hi",\nyou', 3], ["-7", 1], ["+x", 0]]
    content = {"meta": [{"name": "a", "type": "String"}, {"name": "=b", "type": "Float64"}], "data": rows}
    text = b"".join(csv_of(*checked(Answer("", json.dumps(content).encode(), {})))).decode()
    assert text == 'a,\'=b\r\n\'=1+1,-2.5\r\n\'@cmd,\r\n"say ""hi"",\nyou",3\r\n-7,1\r\n\'+x,0\r\n'
