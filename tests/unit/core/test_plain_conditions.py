"""Which filters a browser can answer by itself."""

from __future__ import annotations

import pytest

from notehouse_core.plain_conditions import Condition, conditions_of, without_conditions

FILTERS = ("origin", "hours", "at", "first", "last")


def told(
    where: str, select: str = "origin, hour, count() AS n", rest: str = "GROUP BY origin, hour ORDER BY n"
) -> str:
    return f"%%sql\nSELECT {select}\nFROM flights\nWHERE {where}\n{rest}"


@pytest.mark.parametrize(
    ("where", "condition"),
    [
        ("origin = {{origin}}", Condition("origin", "origin", "is")),
        ("{origin:String} = origin", Condition("origin", "origin", "is")),
        ("{{origin}} IN ('all', origin)", Condition("origin", "origin", "is", "all")),
        ("({{origin}} = 'all' OR origin = {{origin}})", Condition("origin", "origin", "is", "all")),
        ("hour BETWEEN {{hours}}[1] AND {{hours}}[2]", Condition("hours", "hour", "within")),
        ("has({{at}}, hour)", Condition("at", "hour", "among")),
        ("hour IN {at:Array(Int64)}", Condition("at", "hour", "among")),
        ("(empty({{at}}) OR has({{at}}, hour))", Condition("at", "hour", "among or any")),
        ("hour >= {{first}}", Condition("first", "hour", ">=")),
    ],
)
def test_a_condition_on_a_column_of_the_answer_is_plain(where: str, condition: Condition) -> None:
    source = told(f"NOT cancelled AND {where} AND carrier != 'a AND b' -- AND {{{{no}}}}")
    assert conditions_of(source, FILTERS) == [condition]
    assert "{" not in without_conditions(source, FILTERS).partition("--")[0]
    assert "NOT cancelled" in without_conditions(source, FILTERS)


def test_two_filters_may_be_the_ends_of_one_condition() -> None:
    source = told("{{origin}} IN ('all', origin) AND hour BETWEEN {{first}} AND {{last}}")
    ends = [Condition("first", "hour", ">="), Condition("last", "hour", "<=")]
    assert conditions_of(source, FILTERS) == [Condition("origin", "origin", "is", "all"), *ends]
    left = without_conditions(source, ["origin"])
    assert "{{first}}" in left
    assert "{{origin}}" not in left


@pytest.mark.parametrize(
    "source",
    [
        told("origin = {{origin}}", select="hour, count() AS n", rest="GROUP BY hour"),  # not in the answer
        told("origin = {{origin}}", select="origin, count() AS n", rest="GROUP BY 1"),
        told("origin = {{origin}}", select="lower(origin) AS origin, hour", rest=""),
        told("origin = {{origin}}", select="any(origin) AS origin, hour", rest="GROUP BY hour"),
        told("origin = {{origin}} OR hour = 1"),
        told("NOT (origin = {{origin}})"),
        told("lower(origin) = {{origin}}"),
        told("origin = {{origin}} AND dest != {{origin}}"),
        told("origin = {{origin}}", select="origin, {{origin}} AS chosen, hour"),
        told("origin = {{origin}}", rest="GROUP BY origin, hour ORDER BY n LIMIT 10"),
        told("origin = {{origin}}", rest="GROUP BY origin, hour WITH TOTALS"),
        told("origin = {{origin}}", select="origin, hour, row_number() OVER () AS n", rest=""),
        told("origin = {{origin}} AND hour IN (SELECT 1)"),
        told("origin = {{origin}}", rest="GROUP BY origin, hour UNION ALL SELECT 1, 2, 3"),
        "%%sql\nWITH x AS (SELECT 1) SELECT origin FROM x WHERE origin = {{origin}}",
        "%%sql\nSELECT origin FROM (SELECT origin FROM flights WHERE origin = {{origin}})",
    ],
)
def test_what_is_in_doubt_is_asked_of_the_server(source: str) -> None:
    assert conditions_of(source, FILTERS) == []
    assert without_conditions(source, FILTERS) == source
