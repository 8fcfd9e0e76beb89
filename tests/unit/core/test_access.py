"""Access classes: equal rights share one, and of two roles the more generous limit counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from notehouse_core.access import (
    AccessClass,
    AccessPlan,
    Limits,
    TableGrant,
    clickhouse_password,
    effective_limits,
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


@pytest.mark.parametrize(
    ("quotas", "roles", "seconds"),
    [
        ({}, [], 60),
        ({"execution_seconds": 20}, [{}], 20),
        ({"execution_seconds": 20}, [{"execution_seconds": 5}], 5),
        ({"execution_seconds": 20}, [{"execution_seconds": 90}], 20),
        ({}, [{"execution_seconds": 5}, {"execution_seconds": 9}], 9),
        ({}, [{"execution_seconds": 5}, {"result_rows": 9}], 60),
    ],
)
def test_a_role_lowers_what_the_tenant_allows_and_the_most_generous_one_counts(
    quotas: dict[str, int], roles: list[dict[str, int]], seconds: int
) -> None:
    assert effective_limits(quotas, roles).execution_seconds == seconds


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


def test_writing_does_not_change_by_which_class_somebody_reads() -> None:
    """Or a snapshot of a dashboard would have to be made for those who write, and one for the others."""
    reads, writes = (make_class("t", [grant(row_filter="1", insert=insert)]) for insert in (False, True))
    assert writes.reading() == reads
    assert writes.id != reads.id
    assert (writes.writable, reads.writable) == (("flights.flights",), ())
    assert not make_class("t", [grant(row_filter="a = 1", insert=True)]).writable
    assert not make_class("t", [grant(row_filter="1", columns=("a",), insert=True)]).writable
