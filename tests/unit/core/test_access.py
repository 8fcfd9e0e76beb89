"""Access classes: equal rights share one, and a filter's slots cannot be broken out of."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notehouse_core.access import (
    AccessClass,
    AccessPlan,
    Limits,
    TableGrant,
    clickhouse_password,
    fill,
    literal,
    make_class,
)

UA = TableGrant("warehouse", "flights", "flights", None, "carrier = 'UA'")


def grant(**changes: object) -> TableGrant:
    return replace(UA, **changes)  # type: ignore[arg-type]


def test_the_order_of_grants_does_not_matter_but_each_part_of_one_does() -> None:
    airports = grant(table="airports", row_filter="1")
    assert make_class("united", [UA, airports]).id == make_class("united", [airports, UA, UA]).id
    others = [
        make_class("delta", [UA]),
        make_class("united", [grant(row_filter="carrier = 'DL'")]),
        make_class("united", [grant(columns=("carrier",))]),
        make_class("united", [UA], Limits(execution_seconds=1)),
    ]
    ids = {one.id for one in [make_class("united", [UA]), *others]}
    assert len(ids) == 5


def test_two_roles_on_one_table_show_the_rows_of_either_and_the_columns_of_both() -> None:
    made = make_class("t", [grant(columns=("a", "b")), grant(row_filter="x", columns=("b", "c"))])
    assert made.grants == (grant(row_filter="(carrier = 'UA') OR (x)", columns=("b",)),)
    assert make_class("t", [UA, grant(row_filter="1")]).grants == (grant(row_filter="1"),)


@given(st.text())
def test_any_text_stays_one_literal(value: str) -> None:
    quoted = literal(value)
    assert quoted[0] == quoted[-1] == "'"
    inside, position = quoted[1:-1], 0
    while position < len(inside):
        assert inside[position] != "'"
        position += 2 if inside[position] == "\\" else 1
    assert position == len(inside)


def test_slots_are_filled_with_literals_of_their_kind() -> None:
    attributes = {"carrier": "O'Hare", "years": [2012, 2013], "all": True}
    filled = fill("c = {user.carrier} AND y IN {user.years} AND {user.all}", attributes)
    assert filled == r"c = 'O\'Hare' AND y IN (2012, 2013) AND true"
    with pytest.raises(KeyError, match="region"):
        fill("r = {user.region}", attributes)


def test_a_plan_knows_who_holds_what_now() -> None:
    one = AccessClass("united", (UA,))
    plan = AccessPlan({one.id: one}, {("ann", "united"): one.id})
    assert plan.class_of("ann", "united") == one
    assert plan.class_of("ann", "delta") is None
    assert plan.holds("ann", "united", one.id)
    assert not plan.holds("bob", "united", one.id)


def test_each_class_has_a_password_of_its_own_that_needs_the_secret() -> None:
    known = {clickhouse_password(secret, one) for secret in ("s", "t") for one in ("a", "b")}
    assert len(known) == 4
    assert clickhouse_password("s", "a") in known
