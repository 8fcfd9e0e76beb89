"""Whoever gives rights to data gives a part of their own: told by the form of the filters."""

from __future__ import annotations

import pytest

from notehouse_core.data_rights import DataRight, not_held
from notehouse_core.row_filter import narrows

ME: dict[str, object] = {"carrier": "UA", "airports": ["JFK", "EWR"]}


@pytest.mark.parametrize(
    ("wanted", "held"),
    [
        ("1", "1"),
        ("origin = 'JFK'", "1"),
        ("carrier = 'UA'", "carrier = 'UA'"),
        ("carrier='UA' and origin = 'JFK'", "carrier = 'UA'"),
        ("origin = 'JFK' AND (carrier = 'UA' AND hour > 3)", "carrier = 'UA'"),
        ("(carrier = 'UA' OR carrier = 'DL') AND hour > 3", "(carrier = 'UA' OR carrier = 'DL')"),
        ("carrier = {user.carrier} AND hour > 3", "carrier = {user.carrier}"),
        ("carrier = 'UA'", "carrier = {user.carrier}"),
        ("origin IN ('JFK', 'EWR') AND hour = 3", "origin IN {user.airports}"),
    ],
)
def test_a_filter_with_all_conditions_of_another_leaves_no_more_rows(wanted: str, held: str) -> None:
    assert narrows(wanted, held, ME)


@pytest.mark.parametrize(
    ("wanted", "held"),
    [
        ("1", "carrier = 'UA'"),
        ("carrier = 'DL'", "carrier = 'UA'"),
        ("carrier = 'UA' OR hour > 3", "carrier = 'UA'"),
        ("carrier = 'UA' OR carrier = 'UA' AND hour > 3", "carrier = 'UA'"),
        ("NOT (carrier = 'UA')", "carrier = 'UA'"),
        ("carrier = {user.anything}", "carrier = {user.carrier}"),
        ("carrier = 'DL'", "carrier = {user.carrier}"),
        ("carrier = {user.carrier}", "carrier = 'UA'"),  # another person's carrier may be any
        ("carrier = 'UA'", "carrier = 'UA' AND hour > 3"),
        ("carrier = ''", "carrier = {user.absent}"),
    ],
)
def test_one_that_might_leave_more_is_not_contained(wanted: str, held: str) -> None:
    assert not narrows(wanted, held, ME)


def right(columns: tuple[str, ...] | None, row_filter: str = "1", table: str = "flights") -> DataRight:
    return DataRight("warehouse", "flights", table, columns, row_filter)


def test_columns_and_tables_are_bounds_too() -> None:
    mine = [right(("carrier", "origin"), "secret > 3"), right(None, "carrier = 'UA'", "departures")]
    assert not_held([right(("origin",), "secret > 3 AND origin = 'JFK'")], mine, ME) is None
    for one in (
        right(None, "secret > 3"),
        right(("hour",), "secret > 3"),
        right(("origin",), "secret > 3 AND hidden = 'x'"),  # would tell what a column holds that is not shown
        right(("origin",), "secret > 3", "weather"),
        right(None, "1", "departures"),
    ):
        assert not_held([one], mine, ME) == one
