"""Conditions, groups and states of alerts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from notehouse_core.alerting import Condition, look, step
from notehouse_core.errors import Invalid

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ABOVE_5 = Condition.parse({"kind": "threshold", "column": "n", "operator": ">", "value": 5})


@pytest.mark.parametrize(
    ("rows", "state", "value"),
    [([{"n": 6}], "firing", 6), ([{"n": 5}], "normal", 5), ([], "no_data", None), ([{"n": None}], "no_data", None),
     ([{"n": "7.5"}], "firing", 7.5), ([{"n": 1}, {"n": 9}], "firing", 9)],
)  # fmt: skip
def test_a_threshold(rows: list[dict[str, object]], state: str, value: float | None) -> None:
    found = look(ABOVE_5, rows)[""]
    assert (found.state, found.value) == (state, value)


def test_any_row_fires_and_shows_the_rows() -> None:
    found = look(Condition.parse({"kind": "any_row"}), [{"a": n} for n in range(30)])[""]
    assert (found.state, found.value, len(found.rows)) == ("firing", 30, 20)
    assert look(Condition.parse({"kind": "any_row"}), [])[""].state == "normal"


def test_each_group_has_its_own_finding() -> None:
    rows = [{"origin": "JFK", "n": 9}, {"origin": "LGA", "n": 1}]
    found = look(ABOVE_5, rows, ["origin"])
    assert {key: one.state for key, one in found.items()} == {'["JFK"]': "firing", '["LGA"]': "normal"}


def test_the_first_number_counts_where_no_column_is_named() -> None:
    condition = Condition.parse({"kind": "threshold", "operator": "<", "value": 2})
    assert look(condition, [{"name": "x", "n": 1}])[""].state == "firing"


@pytest.mark.parametrize(
    "content",
    [{}, {"kind": "guess"}, {"kind": "threshold", "value": "5"}, {"kind": "threshold", "value": True},
     {"kind": "threshold", "value": float("nan")}, {"kind": "threshold", "operator": "~", "value": 1}],
)  # fmt: skip
def test_a_condition_that_makes_no_sense(content: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        Condition.parse(content)


@pytest.mark.parametrize("rows", [[{"other": 1}], [{"n": "many"}]])
def test_a_column_that_is_not_a_number(rows: list[dict[str, object]]) -> None:
    with pytest.raises(Invalid, match=r"[Cc]olumn"):
        look(ABOVE_5, rows)


def test_people_hear_once_while_it_holds_and_once_of_the_recovery() -> None:
    state, since, told = "normal", NOON, []
    for minute, found in enumerate(["normal", "firing", "firing", "firing", "normal", "normal"]):
        taken = step(state, since, found, NOON + timedelta(minutes=minute))
        state, since = taken.state, taken.since
        told.append(taken.tell)
    assert told == [False, True, False, False, True, False]


def test_what_must_last_is_pending_first_and_silent_when_it_ends_before() -> None:
    first = step("normal", NOON, "firing", NOON, for_seconds=120)
    assert (first.state, first.tell) == ("pending", False)
    early = step("pending", NOON, "firing", NOON + timedelta(seconds=60), for_seconds=120)
    assert (early.state, early.tell, early.since) == ("pending", False, NOON)
    late = step("pending", NOON, "firing", NOON + timedelta(seconds=120), for_seconds=120)
    assert (late.state, late.tell) == ("firing", True)
    assert not step("pending", NOON, "normal", NOON, for_seconds=120).tell


@pytest.mark.parametrize("found", ["no_data", "error"])
def test_people_hear_when_it_cannot_be_known(found: str) -> None:
    assert step("normal", NOON, found, NOON).tell
    assert not step(found, NOON, found, NOON).tell
