"""Which tiles need no Python."""

from __future__ import annotations

from typing import Any

import pytest

from notehouse_core.tile_plan import CHART, PYTHON, TABLE, Plan, plan_of

DEFAULTS = {"origin": "JFK", "month": 1}


def plan(*sources: str) -> Plan:
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"c{number}", "source": source, "metadata": {}}
        for number, source in enumerate(sources)
    ]
    return plan_of(cells, DEFAULTS, list(DEFAULTS))


TABLE_CELL = "%%sql\nSELECT 1 WHERE 'a' = {{origin}}"
FRAME = "%%sql rows <<\nSELECT month, count() AS n FROM flights WHERE origin = {{origin}} GROUP BY month"
DRAWN = "import altair as alt\nalt.Chart(rows).mark_bar().encode(x=alt.X('month:O'), y='n:Q').properties(width=300)"


def test_a_table_and_a_chart_of_a_frame_need_no_python() -> None:
    made = plan(TABLE_CELL, FRAME, DRAWN)
    assert (made.tiles["c0"].kind, made.tiles["c0"].statement) == (TABLE, "c0")
    assert (made.tiles["c2"].kind, made.tiles["c2"].statement, made.tiles["c2"].filters) == (
        CHART,
        "c1",
        ("origin",),
    )
    assert made.python_filters == ()
    assert made.by_sql("origin")
    assert not made.by_sql("month")


def test_python_that_reads_a_filter_makes_that_filter_pythons_own() -> None:
    made = plan(TABLE_CELL, "print(month)")
    assert made.python_filters == ("month",)
    assert made.by_sql("origin")
    assert made.tiles["c1"].reason == "The cell is Python code that works on month."


@pytest.mark.parametrize(
    "before",
    [
        "rows['n'] = 0",
        "rows.drop(columns='n', inplace=True)",
        "rows = rows.head()",
        "def spoil(frame):\n    frame['n'] = 0\nspoil(rows)",
        "exec('rows = 1')",
        "globals()['rows'] = 1",
        "from helpers import *",
        "!ls",
        "%run other.ipynb",
        "get_ipython().user_ns",
    ],
)
def test_a_frame_that_python_may_have_changed_is_drawn_by_python(before: str) -> None:
    made = plan(FRAME, before, DRAWN)
    assert made.tiles["c2"].kind == PYTHON
    assert "origin" in made.python_filters


@pytest.mark.parametrize(
    "cell",
    [
        "alt.Chart(rows[rows.n > 1]).mark_bar()",
        "alt.Chart(rows).mark_bar().encode(x=month)",
        "alt.Chart(rows).mark_bar().encode(x=[one for one in range(3)])",
        "plain(alt.Chart(rows))",
        "x = 1\nalt.Chart(rows).mark_bar()",
        "alt.Chart(rows) + alt.Chart(rows)",
    ],
)
def test_a_chart_that_more_than_constants_make_is_drawn_by_python(cell: str) -> None:
    assert plan(FRAME, cell).tiles["c1"].kind == PYTHON


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ("origin = 'LGA'", "Its SQL uses origin, which Python changes in cell 1."),
        ("origin += 'x'", "Its SQL uses origin, which Python changes in cell 1."),
        ("exec('1')", "Cell 1 could change what its SQL is given."),
    ],
)
def test_sql_is_not_alone_when_python_sets_what_it_is_given(before: str, reason: str) -> None:
    made = plan(before, TABLE_CELL)
    assert (made.tiles["c1"].kind, made.tiles["c1"].reason) == (PYTHON, reason)


def test_sql_with_a_variable_of_pythons_or_a_saved_query_needs_python() -> None:
    made = plan(
        "least = 5",
        "%%sql\nSELECT {{least}}",
        "%%sql --save base\nSELECT {{origin}} AS a",
        "%%sql\nSELECT * FROM base",
    )
    assert made.tiles["c1"].reason == "Its SQL uses least, which Python sets in cell 1."
    assert made.tiles["c3"].reason == "Its SQL is built on the saved query base."
    assert made.tiles["c3"].filters == ("origin",)
    assert made.python_filters == ("origin",)


def test_filters_inside_texts_of_python_count() -> None:
    made = plan("chart('SELECT 1 WHERE {{origin}} = 1', x='a')")
    assert made.python_filters == ("origin",)


def test_a_plan_is_kept_as_json() -> None:
    made = plan(TABLE_CELL, FRAME, DRAWN, "print(month)")
    assert Plan.of_json(made.as_json()) == made
    assert Plan.of_json(None) is None
