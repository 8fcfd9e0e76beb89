"""Filters: what a parameters cell offers, and what an address may choose of it."""

from __future__ import annotations

from typing import Any

import pytest

from notehouse_core.errors import Invalid
from notehouse_core.filters import Filter, chosen_of, filters_of, value_of

CELL = """
from typing import Literal
origin: Literal["JFK", "LGA"] = "JFK"  # Airport
months: list[Literal[1, 2, 3]] = [1, 2]
# a remark of its own
only_late = False
first_day = "2013-01-31"  # From
share = 0.5
limit: int = 10
name = ""
token = "x"
computed = limit * 2
"""
DEFAULTS: dict[str, Any] = {
    "origin": "JFK", "months": [1, 2], "only_late": False, "first_day": "2013-01-31", "share": 0.5, "limit": 10,
    "name": "", "token": "x",
}  # fmt: skip


@pytest.fixture(scope="module")
def filters() -> list[Filter]:
    return filters_of(CELL, DEFAULTS)


def test_a_parameters_cell_makes_controls(filters: list[Filter]) -> None:
    assert [(one.name, one.label, one.kind) for one in filters] == [
        ("origin", "Airport", "choice"),
        ("months", "Months", "several"),
        ("only_late", "Only late", "flag"),
        ("first_day", "From", "date"),
        ("share", "Share", "number"),
        ("limit", "Limit", "whole"),
        ("name", "Name", "text"),
    ]
    assert filters[0].choices == ("JFK", "LGA")
    assert [Filter.of_json(one.as_json()) for one in filters] == filters


def test_an_address_chooses_typed_values(filters: list[Filter]) -> None:
    query = {"origin": ["LGA"], "months": ["1", "3"], "only_late": ["true"], "first_day": ["2013-02-28"],
             "share": ["1e-1"], "limit": ["-3"], "name": ["O'Hare"], "utm_source": ["x"], "token": ["y"]}  # fmt: skip
    assert chosen_of(filters, query) == {
        "origin": "LGA", "months": [1, 3], "only_late": True, "first_day": "2013-02-28", "share": 0.1,
        "limit": -3, "name": "O'Hare",
    }  # fmt: skip
    assert chosen_of(filters, {}) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("origin", "SFO"), ("months", "4"), ("only_late", "maybe"), ("first_day", "2013-02-30"), ("share", "nan"),
        ("share", "inf"), ("limit", "1.5"), ("limit", "9" * 19), ("name", "x" * 201),
    ],
)  # fmt: skip
def test_what_is_not_offered_is_refused_by_its_label(filters: list[Filter], name: str, value: str) -> None:
    label = next(one.label for one in filters if one.name == name)
    with pytest.raises(Invalid, match=f"^{label} is"):
        chosen_of(filters, {name: [value]})


ASKED = """
origin = filter("select", ["JFK", "LGA"], label="Airport")
carriers = filter("multi", "SELECT DISTINCT carrier FROM flights WHERE origin = {{origin}}", value=["UA"])
distance = filter("range", 0, 5000)  # Miles
days = filter("date range", "2013-01-01", "2013-12-31")
words = filter("search")
"""
VALUES: dict[str, Any] = {
    "origin": "JFK", "carriers": ["UA"], "distance": [0, 5000], "days": ["2013-01-01", "2013-12-31"], "words": "",
}  # fmt: skip


def test_filters_can_be_asked_for_in_one_word() -> None:
    found = filters_of(ASKED, VALUES)
    assert [(one.name, one.label, one.kind) for one in found] == [
        ("origin", "Airport", "choice"),
        ("carriers", "Carriers", "several"),
        ("distance", "Miles", "range"),
        ("days", "Days", "dates"),
        ("words", "Words", "text"),
    ]
    assert found[1].query.startswith("SELECT DISTINCT")
    assert [Filter.of_json(one.as_json()) for one in found] == found
    query = {"carriers": ["DL", "x' OR 1"], "distance": ["10", "2.5e2"], "days": ["2013-02-01", "2013-02-28"]}
    assert chosen_of(found, query) == {
        "carriers": ["DL", "x' OR 1"], "distance": [10, 250.0], "days": ["2013-02-01", "2013-02-28"],
    }  # fmt: skip


@pytest.mark.parametrize(
    "query", [{"days": ["2013-02-01"]}, {"days": ["2013-02-02", "2013-02-01"]}, {"distance": ["a", "b"]},
              {"origin": ["SFO"]}, {"carriers": ["x" * 201]}]
)  # fmt: skip
def test_what_such_a_filter_cannot_be_is_refused(query: dict[str, list[str]]) -> None:
    with pytest.raises(Invalid):
        chosen_of(filters_of(ASKED, VALUES), query)


@pytest.mark.parametrize(
    ("kind", "given", "options", "why"),
    [
        ("slider", [], {}, "is one of select, multi"),
        ("select", [], {}, "needs choices"),
        ("select", [["a"]], {"value": "b"}, "none of its choices"),
        ("select", ["SELECT 1"], {}, "needs value="),
        ("range", [5, 1], {}, "lower first"),
        ("range", [1], {}, "two ends"),
        ("date range", ["1.1.2013", "2.1.2013"], {}, "2026-03-31"),
        ("search", [], {"choices": []}, "has no choices"),
    ],
)
def test_a_filter_that_there_is_not_is_refused(
    kind: str, given: list[Any], options: dict[str, Any], why: str
) -> None:
    with pytest.raises(Invalid, match=why):
        value_of(kind, given, options)
