"""Filters: what a parameters cell offers, and what an address may choose of it."""

from __future__ import annotations

from typing import Any

import pytest

from notehouse_core.errors import Invalid
from notehouse_core.filters import Filter, chosen_of, filters_of

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
