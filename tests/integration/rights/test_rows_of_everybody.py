"""Everybody's rows, whichever way rights are written: those of an independent query, and no others.

With NOTEHOUSE_TEST_CLICKHOUSE_URL the same runs on that server, by SQL.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from integration.rights.warehouses import MODES, Warehouse, ask, warehouse_of
from notehouse_core.access import AccessPlan
from notehouse_core.ids import uuid7
from notehouse_core.store.database import Database
from notehouse_core.store.models import DataSource, Membership, Permission, Role, Tenant, User
from notehouse_core.store.plan import load_access_plan

DATABASE = "nh_test_rights"
ROLE_SETS = 200
CARRIERS = ["UA", "B6", "DL", "O'Neil\\"]
ORIGINS = ["EWR", "JFK", "LGA", "SFO"]
OF_TENANT = {"united": ["UA", "B6"], "delta": ["DL", "O'Neil\\"]}
TABLES = [
    f"DROP DATABASE IF EXISTS {DATABASE} SYNC",
    f"CREATE DATABASE {DATABASE}",
    f"CREATE TABLE {DATABASE}.flights (id UInt32, carrier String, origin String, delay Int16, price Decimal(9, 2)) "
    "ENGINE = MergeTree ORDER BY (carrier, id)",
    f"INSERT INTO {DATABASE}.flights SELECT number, ['UA', 'B6', 'DL', 'O\\'Neil\\\\'][number % 4 + 1], "
    "['EWR', 'JFK', 'LGA', 'SFO'][intDiv(number, 4) % 4 + 1], number % 90 - 20, number FROM numbers(2000)",
    f"CREATE TABLE {DATABASE}.crew (id UInt32, carrier String, name String, salary UInt32) "
    "ENGINE = MergeTree ORDER BY id",
    f"INSERT INTO {DATABASE}.crew SELECT number, ['UA', 'DL'][number % 2 + 1], concat('n', toString(number)), number "
    "FROM numbers(200)",
]

Conditions = dict[str, tuple[str, list[str] | None]]  # table -> row filter, columns


@dataclass(frozen=True)
class Case:
    """Somebody, and per table the filter spelled out by hand; a table that is not named is closed."""

    name: str
    tenant: str
    roles: tuple[str, ...]
    attributes: dict[str, object] = field(default_factory=dict)
    rows: dict[str, str] = field(default_factory=dict)


ROLES: dict[str, dict[str, Conditions]] = {
    "united": {
        "viewer": {"flights": ("carrier = {user.carrier}", None)},
        "analyst": {
            "flights": ("origin IN {user.stations}", None),
            "crew": ("carrier = 'UA'", ["id", "name"]),
        },
        "manager": {"flights": ("carrier = 'UA' OR carrier = 'B6'", None), "crew": ("carrier = 'UA'", None)},
    },
    "delta": {
        "viewer": {"flights": ("carrier = 'DL' AND delay > {user.level}", None)},
        "analyst": {"flights": ("carrier = 'DL' AND NOT (origin = 'JFK')", ["id", "carrier", "origin"])},
        "manager": {"flights": ("carrier = {user.carrier}", None), "crew": ("1", None)},
    },
}
PEOPLE = [
    Case("ann", "united", ("viewer",), {"carrier": "UA"}, {"flights": "carrier = 'UA'"}),
    Case("bob", "united", ("viewer",), {"carrier": "B6"}, {"flights": "carrier = 'B6'"}),
    Case("cid", "united", ("analyst",), {"stations": ["EWR", "LGA"]},
         {"flights": "origin = 'EWR' OR origin = 'LGA'", "crew": "carrier = 'UA'"}),
    Case("dee", "united", ("viewer", "analyst"), {"carrier": "UA", "stations": ["SFO"]},
         {"flights": "carrier = 'UA' OR origin = 'SFO'", "crew": "carrier = 'UA'"}),
    Case("eve", "united", ("manager",), {}, {"flights": "carrier IN ('UA', 'B6')", "crew": "carrier = 'UA'"}),
    Case("fay", "united", ("viewer",), {"carrier": "x' OR 1 = 1 --"}, {"flights": "0"}),
    Case("gil", "united", ("viewer",), {}, {}),
    Case("hal", "delta", ("viewer",), {"level": 30}, {"flights": "carrier = 'DL' AND delay > 30"}),
    Case("ida", "delta", ("analyst", "viewer"), {"level": 60},
         {"flights": "carrier = 'DL' AND (origin != 'JFK' OR delay > 60)"}),
    Case("jon", "delta", ("manager",), {"carrier": "O'Neil\\"}, {"flights": r"carrier = 'O\'Neil\\'", "crew": "1"}),
]  # fmt: skip


@pytest.fixture(scope="module", params=MODES)
def warehouse(request: pytest.FixtureRequest) -> Iterator[Warehouse]:
    with warehouse_of(request.param) as one:
        asyncio.run(one.apply(AccessPlan({})))
        for statement in TABLES:
            ask(one, statement)
        yield one
        ask(one, TABLES[0])
        asyncio.run(one.apply(AccessPlan({})))


async def furnish(database: Database, roles: dict[str, dict[str, Conditions]], people: list[Case]) -> str:
    """Tenants with a mark of their own in their slugs, which is returned."""
    mark = uuid7().hex[-8:]
    async with database.session() as session:
        for slug, named in roles.items():
            tenant = Tenant(id=uuid7(), slug=f"{slug}-{mark}", name=slug)
            made = {
                name: Role(name=name, tenant=tenant, permissions=_permissions(tenant, of))
                for name, of in named.items()
            }
            source = DataSource(
                name="w", type="clickhouse", tenant=tenant, connection_config={"database": DATABASE}
            )
            session.add_all([tenant, source, *made.values()])
            for one in people:
                if one.tenant == slug:
                    person = User(username=f"{one.name}-{mark}", attributes=one.attributes)
                    session.add_all(
                        Membership(user=person, role=made[role], tenant=tenant) for role in one.roles
                    )
    return mark


def _permissions(tenant: Tenant, of: Conditions) -> list[Permission]:
    return [
        Permission(
            resource=f"data:w/{DATABASE}.{table}",
            action="select",
            conditions={"row_filter": row_filter, **({"columns": columns} if columns else {})},
            tenant_id=tenant.id,
        )
        for table, (row_filter, columns) in of.items()
    ]


async def plan_of(database: Database, mark: str) -> AccessPlan:
    """The part of the plan that is this test's."""
    async with database.session() as session:
        whole = await load_access_plan(session)
    members = {key: made for key, made in whole.members.items() if key[1].endswith(mark)}
    return AccessPlan({made: whole.classes[made] for made in members.values()}, members)


def ids(warehouse: Warehouse, table: str, where: str = "1", class_id: str = "") -> list[int]:
    return [
        row[0]
        for row in ask(warehouse, f"SELECT id FROM {DATABASE}.{table} WHERE {where} ORDER BY id", class_id)
    ]


async def test_ten_people_see_the_rows_of_their_filters(warehouse: Warehouse, database: Database) -> None:
    mark = await furnish(database, ROLES, PEOPLE)
    plan = await plan_of(database, mark)
    await warehouse.apply(plan)
    for one in PEOPLE:
        made = plan.class_of(f"{one.name}-{mark}", f"{one.tenant}-{mark}")
        assert made is not None
        for table in ("flights", "crew"):
            if table in one.rows:
                assert ids(warehouse, table, class_id=made.id) == ids(warehouse, table, one.rows[table]), one
            else:
                with pytest.raises(PermissionError):
                    ids(warehouse, table, class_id=made.id)
    cid = plan.class_of(f"cid-{mark}", f"united-{mark}")
    assert cid is not None
    with pytest.raises(PermissionError, match="Not enough privileges"):
        ask(warehouse, f"SELECT salary FROM {DATABASE}.crew", cid.id)
    with pytest.raises(PermissionError):
        ask(warehouse, f"SELECT * FROM {DATABASE}.crew", cid.id)
    ann = plan.class_of(f"ann-{mark}", f"united-{mark}")
    assert ann is not None
    assert ask(warehouse, f"SELECT count() FROM merge('{DATABASE}', '^flights$')", ann.id) == [[500]]


def generated(random_: random.Random) -> tuple[dict[str, dict[str, Conditions]], list[Case]]:
    """Role sets whose filters never leave their tenant's carriers; their expected rows are written beside, not computed."""
    roles: dict[str, dict[str, Conditions]] = {"united": {}, "delta": {}}
    people = []
    for number in range(ROLE_SETS):
        slug = random_.choice(["united", "delta"])
        mine, spelled = random_.sample(OF_TENANT[slug], random_.randint(1, 2)), []
        station, level = random_.choice(ORIGINS), random_.randint(-20, 70)
        names = []
        for role in range(random_.randint(1, 3)):
            carrier = random_.choice(mine)
            quoted = carrier.replace("\\", "\\\\").replace("'", "\\'")
            written, meant = random_.choice(
                [
                    (f"carrier = '{quoted}'", f"carrier = '{quoted}'"),
                    (f"carrier = '{quoted}' AND origin = {{user.station}}",
                     f"(carrier, origin) = ('{quoted}', '{station}')"),
                    (f"carrier = '{quoted}' AND delay >= {{user.level}}",
                     f"carrier = '{quoted}' AND NOT delay < {level}"),
                    (f"carrier = '{quoted}' AND (origin = 'SFO' OR delay < 0)",
                     f"carrier = '{quoted}' AND multiIf(origin = 'SFO', 1, delay < 0, 1, 0)"),
                ]
            )  # fmt: skip
            names.append(f"role-{number}-{role}")
            roles[slug][names[-1]] = {"flights": (written, None)}
            spelled.append(f"({meant})")
        attributes: dict[str, object] = {"station": station, "level": level}
        people.append(
            Case(f"person-{number}", slug, tuple(names), attributes, {"flights": " OR ".join(spelled)})
        )
    return roles, people


async def test_no_generated_role_set_shows_a_foreign_row(warehouse: Warehouse, database: Database) -> None:
    roles, people = generated(random.Random(20_131_001))
    mark = await furnish(database, roles, people)
    plan = await plan_of(database, mark)
    await warehouse.apply(plan)
    foreign, wrong, rows = 0, [], 0
    for one in people:
        made = plan.class_of(f"{one.name}-{mark}", f"{one.tenant}-{mark}")
        assert made is not None
        seen = ask(warehouse, f"SELECT id, carrier FROM {DATABASE}.flights ORDER BY id", made.id)
        foreign += sum(row[1] not in OF_TENANT[one.tenant] for row in seen)
        rows += len(seen)
        if [row[0] for row in seen] != ids(warehouse, "flights", one.rows["flights"]):
            wrong.append(one)
    assert (foreign, wrong) == (0, [])
    assert rows > 10_000
    assert len(plan.classes) > 100


async def test_a_role_that_goes_takes_its_rows_with_it(warehouse: Warehouse, database: Database) -> None:
    mark = await furnish(database, ROLES, PEOPLE)
    before = await plan_of(database, mark)
    kept = {key: made for key, made in before.members.items() if key[0] != f"eve-{mark}"}
    eve = before.members[f"eve-{mark}", f"united-{mark}"]
    await warehouse.apply(before)
    assert len(ids(warehouse, "flights", class_id=eve)) == 1000
    await warehouse.apply(AccessPlan({made: before.classes[made] for made in kept.values()}, kept))
    with pytest.raises(PermissionError):
        ids(warehouse, "flights", class_id=eve)
    ann = before.members[f"ann-{mark}", f"united-{mark}"]
    assert ids(warehouse, "flights", class_id=ann) == ids(warehouse, "flights", "carrier = 'UA'")
