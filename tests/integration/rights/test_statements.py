"""What the SQL writer says, as ClickHouse's own parser reads it: every statement, whatever names and filters hold."""

from __future__ import annotations

import json
from collections.abc import Iterable

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notehouse_core.access import AccessPlan, Limits, TableGrant, make_class
from notehouse_core.row_filter import literal
from notehouse_hub.embedded.standalone import RunningClickHouse
from notehouse_hub.rights.grants import quoted
from notehouse_hub.rights.objects import Kind, drop, wanted_of

NAMES = st.text(st.characters(blacklist_categories=("Cc", "Cs")), min_size=1, max_size=12)
PLAIN = st.characters(blacklist_categories=("Cc", "Cs"))
LITERALS = st.one_of(st.integers(-5, 5).map(str), st.text(PLAIN, max_size=8).map(literal))
# Whatever could end a filter early, or begin something else after it.
PIECES = st.sampled_from(
    ["a", "1", "'x'", "(", ")", " OR ", " AND ", " = ", ",", " -- ", " /* ", " */ ", " TO ALL", " TO nh_x", " USING ", "'",
     "`", "\\", " AS PERMISSIVE", " FOR SELECT", ";", "\n", " IN ", " EXCEPT ", "$$", "#", " SETTINGS ", " NOT ", "é"]
)  # fmt: skip
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MANY = settings(FEW, max_examples=60)


def formatted(server: RunningClickHouse, statements: Iterable[str]) -> list[str | None]:
    """Each statement as ClickHouse writes it, None where it cannot be read."""
    asked = list(statements)
    listed = ", ".join(literal(one) for one in asked)
    answer = httpx.post(
        server.url,
        headers=server.headers,
        params={"max_query_size": 10_000_000},
        content=f"SELECT formatQuerySingleLineOrNull(arrayJoin([{listed}])) FORMAT JSONCompactEachRow".encode(),
    )
    assert answer.status_code == 200, answer.text
    found = [json.loads(line)[0] for line in answer.text.splitlines()]
    assert len(found) == len(asked)
    return found


@st.composite
def plans(draw: st.DrawFn) -> AccessPlan:
    classes = []
    for tenant in draw(st.lists(st.sampled_from(["united", "delta"]), min_size=1, max_size=2, unique=True)):
        places = draw(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=3, unique=True))
        grants = [
            TableGrant(
                "w", database, table, draw(st.none() | st.lists(NAMES, max_size=3).map(tuple)), _filter(draw)
            )
            for database, table in places
            if table != "*"
        ]
        limits = Limits(queries_an_hour=draw(st.integers(1, 10**9)))
        classes.append(make_class(tenant, grants, limits))
    return AccessPlan({one.id: one for one in classes})


def _filter(draw: st.DrawFn) -> str:
    column, value = quoted(draw(NAMES)), draw(LITERALS)
    return draw(
        st.sampled_from(["1", f"{column} = {value}", f"{column} IN ({value}) OR NOT ({column} > {value})"])
    )


@FEW
@given(plans())
def test_every_statement_of_any_plan_can_be_read(clickhouse: RunningClickHouse, plan: AccessPlan) -> None:
    wanted = wanted_of(plan, "secret")
    assert not wanted.refused
    statements = [
        statement
        for thing in wanted.things.values()
        for statement in (thing.make, thing.mend, drop(thing.key))
    ]
    read = formatted(clickhouse, statements)
    unread = [one for one, found in zip(statements, read, strict=True) if found is None]
    assert unread == []


@FEW
@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=20, unique=True))
def test_names_stay_what_they_are(clickhouse: RunningClickHouse, names: list[tuple[str, str]]) -> None:
    """A table is found under the name that the grant would write."""
    columns = ", ".join(f"1 AS {quoted(f'{number} {one}')}" for number, (one, _) in enumerate(names))
    answer = clickhouse.query(f"SELECT {columns} FORMAT JSONCompactStringsEachRowWithNames")
    assert json.loads(answer.splitlines()[0]) == [f"{number} {one}" for number, (one, _) in enumerate(names)]


@MANY
@given(st.lists(st.lists(PIECES, min_size=1, max_size=9).map("".join), min_size=20, max_size=40))
def test_no_filter_reaches_beyond_its_brackets(clickhouse: RunningClickHouse, filters: list[str]) -> None:
    """Either ClickHouse cannot read the policy, or the filter stands in it as one expression, for its class alone."""
    candidates = [one for one in filters if one.strip() and one.strip() != "1"]
    classes = [make_class("t", [TableGrant("w", "d", "t", None, one)]) for one in candidates]
    wanted = wanted_of(AccessPlan({one.id: one for one in classes}), "secret")
    policies = [
        thing for key, thing in wanted.things.items() if key[0] is Kind.POLICY and key[1] == thing.user
    ]
    read = formatted(clickhouse, (thing.make for thing in policies))
    expressions = formatted(clickhouse, (f"SELECT (\n{thing.looks[0]}\n)" for thing in policies))
    for thing, statement, expression in zip(policies, read, expressions, strict=True):
        if statement is None or expression is None:  # the reconciler leaves out what is no expression
            continue
        inside = expression.removeprefix("SELECT ")
        assert statement == (
            f"CREATE ROW POLICY IF NOT EXISTS {thing.user} ON d.t AS RESTRICTIVE FOR SELECT USING {inside} "
            f"TO {thing.user}"
        )


def test_a_class_that_cannot_be_written_is_left_out_alone() -> None:
    good = make_class("t", [TableGrant("w", "d", "t", None, "a = 1")])
    bad = make_class("t", [TableGrant("w", "d", "t", None, "a = 1\x00")])
    twice = make_class("t", [TableGrant(source, "d", "t", None, source) for source in ("a", "b")])
    wanted = wanted_of(AccessPlan({one.id: one for one in (good, bad, twice)}), "secret")
    assert wanted.refused.keys() == {f"nh_{bad.id}", f"nh_{twice.id}"}
    assert {thing.user for thing in wanted.things.values()} == {f"nh_{good.id}", "nh_gate"}


def test_policies_come_first_and_grants_last() -> None:
    one = make_class(
        "t", [TableGrant("w", "d", "t", ("b", "a"), "a = 1"), TableGrant("w", "d", "u", None, "1")]
    )
    user = f"`nh_{one.id}`"
    made = [
        thing.make.split(" IDENTIFIED")[0].split(" SETTINGS readonly")[0]
        for key, thing in sorted(wanted_of(AccessPlan({one.id: one}), "s").things.items())
        if key[1].startswith(f"nh_{one.id}")
    ]
    base = f"`nh_{one.id}_base`"
    assert made == [
        f"CREATE SETTINGS PROFILE IF NOT EXISTS {user}",
        f"CREATE USER IF NOT EXISTS {user}",
        f"CREATE QUOTA IF NOT EXISTS {user} KEYED BY client_key, user_name FOR INTERVAL 3600 second "
        f"MAX queries = 100000 TO {user}",
        f"CREATE ROW POLICY IF NOT EXISTS {user} ON `d`.`t` AS RESTRICTIVE FOR SELECT USING (\na = 1\n) TO {user}",
        f"CREATE ROW POLICY IF NOT EXISTS {base} ON `d`.`t` AS PERMISSIVE FOR SELECT USING (\n1\n) TO {user}",
        f"CREATE ROW POLICY IF NOT EXISTS {base} ON `d`.`u` AS PERMISSIVE FOR SELECT USING (\n1\n) TO {user}",
        f"GRANT SELECT(`a`, `b`) ON `d`.`t`, SELECT ON `d`.`u`, "
        f"CREATE TEMPORARY TABLE ON *.*, TABLE ENGINE ON Memory TO {user} WITH REPLACE OPTION",
    ]
