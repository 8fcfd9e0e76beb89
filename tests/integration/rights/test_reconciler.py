"""From any state to any plan: no moment shows too much, drift is mended and told, what is not ours is left alone."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.rights.access_model import AccessModel
from notehouse_core.access import AccessClass, AccessPlan, TableGrant, clickhouse_user, make_class
from notehouse_hub.rights.reconciler import Reconciler, Report

SECRET = "a-class-secret"
TABLES = ("flights", "airlines", "planes")


def plan_of(*classes: AccessClass) -> AccessPlan:
    return AccessPlan({one.id: one for one in classes})


def allowed(model: AccessModel, plans: tuple[AccessPlan, ...]) -> None:
    """Whoever may read a table reads it through the filters of a plan, before and after a change and in between."""
    known = {clickhouse_user(name): one for plan in plans for name, one in plan.classes.items()}
    for user, rows in model.grants.items():
        for database, table, _ in rows:
            filters = {
                grant.row_filter
                for grant in known[user].grants
                if (grant.database, grant.table) == (database, table)
            }
            policies = [
                (text, restrictive)
                for (_, place, name), (text, restrictive, whose) in model.policies.items()
                if (place, name, whose) == (database, table, user)
            ]
            assert filters, f"{user} has a grant on {table} that no plan gives"
            assert ("1", False) in policies or filters == {"1"}
            assert {text for text, restrictive in policies if restrictive} == filters - {"1"}, (
                "rows without filter"
            )


async def apply(model: AccessModel, plan: AccessPlan) -> Report:
    return await Reconciler(model, SECRET).reconcile(plan)


ROWS = st.sampled_from(["1", "carrier = 'UA'", "carrier = 'DL'", "origin IN ('EWR', 'JFK')"])
COLUMNS = st.sampled_from([None, ("carrier",), ("carrier", "dest"), ()])
CLASSES = st.builds(
    lambda tenant, grants: make_class(
        tenant, [TableGrant("w", "d", table, *rest) for table, rest in grants.items()]
    ),
    st.sampled_from(["united", "delta"]),
    st.dictionaries(st.sampled_from(TABLES), st.tuples(COLUMNS, ROWS), max_size=3),
)
PLANS = st.lists(CLASSES, max_size=4).map(lambda classes: plan_of(*classes))


@settings(max_examples=120, deadline=None)
@given(PLANS, PLANS, st.data())
async def test_no_moment_shows_a_row_too_much(
    before: AccessPlan, after: AccessPlan, data: st.DataObject
) -> None:
    model = AccessModel()
    model.after = lambda: allowed(model, (before, after))
    await apply(model, before)
    await apply(model, after)
    expected = {clickhouse_user(name) for name in after.classes} | {"nh_gate"}
    assert model.users.keys() == model.profiles.keys() == expected
    assert model.quotas.keys() == expected - {"nh_gate"}
    for name, one in after.classes.items():
        places = {(grant.database, grant.table) for grant in one.grants if grant.columns != ()}
        assert {row[:2] for row in model.grants[clickhouse_user(name)]} == places
    done = len(model.done)
    again = await apply(model, after)
    assert not again.changed
    assert not again.refused
    assert len(model.done) == done, "a second look changes nothing"


UNITED = make_class(
    "united",
    [TableGrant("w", "d", "flights", None, "carrier = 'UA'"), TableGrant("w", "d", "airlines", None, "1")],
)
DELTA = make_class("delta", [TableGrant("w", "d", "flights", ("carrier",), "carrier = 'DL'")])
USER, BASE = f"nh_{UNITED.id}", f"nh_{UNITED.id}_base"


async def made() -> AccessModel:
    model = AccessModel()
    await apply(model, plan_of(UNITED, DELTA))
    return model


def state(model: AccessModel) -> object:
    return (model.users, model.profiles, model.quotas, model.policies, dict(model.grants), dict(model.roles))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda model: model.policies.pop((USER, "d", "flights")), f"policy {USER} on d.flights"),
        (lambda model: model.policies.pop((BASE, "d", "airlines")), f"policy {BASE} on d.airlines"),
        (
            lambda model: model.policies.update({(USER, "d", "flights"): ("1", True, USER)}),
            f"policy {USER} on d.flights",
        ),
        (
            lambda model: model.policies.update({(USER, "d", "flights"): ("carrier = 'UA'", False, USER)}),
            f"policy {USER} on d.flights",
        ),
        (lambda model: model.grants[USER].add(("d", "planes", "")), f"grants {USER}"),
        (lambda model: model.roles[USER].add("admins"), f"grants {USER}"),
        (lambda model: model.users.pop(USER), f"user {USER}"),
        (lambda model: model.users.update({USER: ("another", USER)}), f"user {USER}"),
        (lambda model: model.users.update({USER: (model.users[USER][0], "default")}), f"user {USER}"),
        (lambda model: model.quotas.update({USER: "999999"}), f"quota {USER}"),
        (lambda model: model.profiles.update({USER: "readonly = 0"}), f"profile {USER}"),
        (lambda model: model.profiles.pop("nh_gate"), "profile nh_gate"),
    ],
)
async def test_what_was_changed_by_hand_is_mended_and_told(
    change: object, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    model, whole = await made(), state(await made())
    model.profiles["default"] = "readonly = 0"
    change(model)  # type: ignore[operator]
    with caplog.at_level(logging.WARNING):
        report = await apply(model, plan_of(UNITED, DELTA))
    assert told in report.mended + report.made
    del model.profiles["default"]
    model.roles.clear()
    assert state(model) == (*whole[:5], {})  # type: ignore[index]
    if told != f"user {USER}" or "user" in caplog.text:
        assert any("drift" in record.message for record in caplog.records)


async def test_grants_go_before_policies_do() -> None:
    model = await made()
    model.done.clear()
    await apply(model, plan_of(DELTA))
    kinds = [" ".join(one.split()[:2]) for one in model.done]
    assert kinds.index("REVOKE ALL") < kinds.index("DROP USER") < kinds.index("KILL QUERY")
    assert kinds.index("KILL QUERY") < kinds.index("DROP ROW")
    dropped = [one.split()[5] for one in model.done if one.startswith("DROP ROW POLICY")]
    assert dropped == [f"`{BASE}`", f"`{BASE}`", f"`{USER}`"], "the filter goes last"


async def test_what_is_not_ours_is_left_alone() -> None:
    model = await made()
    for name in ("nh_backup", "etl", "nh_ABCDEF0123456789abcd"):
        model.users[name] = "x", "default"
        model.grants[name] = {("d", "flights", "")}
    report = await apply(model, plan_of())
    assert {"nh_backup", "etl", "nh_ABCDEF0123456789abcd"} <= model.users.keys()
    assert len(report.removed) == 11, report.removed


async def test_without_its_policy_a_class_is_granted_nothing_and_others_are() -> None:
    model = AccessModel()
    model.refuses = rf"ROW POLICY.*`{USER}` ON `d`.`flights`"
    report = await apply(model, plan_of(UNITED, DELTA))
    assert report.refused == {USER: "this one is refused"}
    assert not model.grants[USER]
    assert model.grants[f"nh_{DELTA.id}"]
    model.refuses = ""
    assert not (await apply(model, plan_of(UNITED, DELTA))).refused
    assert model.grants[USER]


async def test_a_filter_that_cannot_be_read_closes_its_class_alone() -> None:
    broken = make_class("united", [TableGrant("w", "d", "flights", None, "(carrier = 'UA'")])
    model = AccessModel()
    report = await apply(model, plan_of(broken, DELTA))
    assert list(report.refused) == [f"nh_{broken.id}"]
    assert model.users.keys() == {f"nh_{DELTA.id}", "nh_gate"}
