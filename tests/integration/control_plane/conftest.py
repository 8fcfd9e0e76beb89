"""A `place` with everything the control plane stands on (Hub, Postgres, ClickHouse, query gateway), and people in it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from integration.accounts.conftest import House, Visitor
from integration.hub.conftest import PASSWORD, running_hub
from notehouse_core.access import AccessPlan
from notehouse_core.data_rights import DataRight
from notehouse_core.store import members, roles, tenants
from notehouse_core.store.database import Database
from notehouse_core.store.models import DataSource, Role, Tenant, User
from notehouse_core.store.plan import load_access_plan
from notehouse_core.store.roles import RoleContent
from notehouse_hub.embedded.standalone import RunningClickHouse, embedded_clickhouse
from notehouse_hub.rights.users_file import write_users_file
from notehouse_hub.usage.tables import statements

ROWS = 1000  # of each carrier
CARRIERS = {"united": "UA", "delta": "DL"}
# Besides those of the Hub's tests: `analyst`, `other` (analysts) and `viewer` of united, `admin` of the platform.
PEOPLE = {
    "chief": ("united", "admin"),
    "delta-analyst": ("delta", "analyst"),
    "delta-chief": ("delta", "admin"),
}
TABLES = (
    "CREATE DATABASE flights",
    "CREATE TABLE flights.flights (carrier LowCardinality(String), origin String, hour UInt8) "
    "ENGINE = MergeTree ORDER BY carrier",
    f"INSERT INTO flights.flights SELECT ['UA', 'DL'][number % 2 + 1], "
    f"['EWR', 'JFK', 'LGA', 'JFK'][intDiv(number, 2) % 4 + 1], number % 24 FROM numbers({2 * ROWS})",
    "CREATE TABLE flights.airlines (carrier String, name String, secret String) ENGINE = MergeTree ORDER BY carrier",
    "INSERT INTO flights.airlines VALUES ('UA', 'United', 'canary-1'), ('DL', 'Delta', 'canary-2')",
)


@dataclass
class Place:
    """What runs, and who is logged in."""

    house: House
    clickhouse: RunningClickHouse
    visitors: dict[str, Visitor] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.house.hub.url

    def as_(self, name: str) -> Visitor:
        """Somebody in a browser; each logs in once."""
        if name not in self.visitors:
            self.visitors[name] = Visitor(self.house.hub).enter(name)
        return self.visitors[name]

    def close(self) -> None:
        for one in self.visitors.values():
            one.client.close()


@contextlib.contextmanager
def running_place(code_python: Path, own: tuple[str, ...] = (), **settings: str) -> Iterator[Place]:
    """Everything, for as long as a block lasts; `settings` are the API's own.

    Of the tables `own`, besides those that are there, each tenant may read its carrier's rows.
    """
    with running_hub(code_python) as hub:
        plan = asyncio.run(_furnish(hub.postgres.urls.app, ("flights", *own)))
        class_secret = secrets.token_hex(16)
        users = hub.folder / "users.xml"
        write_users_file(plan, class_secret, users)
        with embedded_clickhouse(hub.folder, hub.port + 6, users) as clickhouse:
            for statement in (*TABLES, *statements(10)):
                clickhouse.query(statement)
            house = House(hub)
            engine = {"NOTEHOUSE_CLICKHOUSE_URL": clickhouse.url, "NOTEHOUSE_CLICKHOUSE_KEY": clickhouse.key}
            house.start(**engine, **settings)
            gateway = _gateway(house, NOTEHOUSE_CLASS_SECRET=class_secret, **engine)
            place = Place(house, clickhouse)
            try:
                ready = f"http://127.0.0.1:{hub.port + 4}/health/ready"
                hub.wait_until(lambda: httpx.get(ready).is_success)
                yield place
            finally:
                place.close()
                house.stop()
                gateway.send_signal(signal.SIGTERM)
                gateway.wait(15)


@pytest.fixture(scope="session")
def place(code_python: Path) -> Iterator[Place]:
    with running_place(code_python) as started:
        yield started


def _gateway(house: House, **environment: str) -> subprocess.Popen[bytes]:
    given = {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "NOTEHOUSE_DATA": str(house.hub.folder),
        "NOTEHOUSE_PORT": str(house.hub.port),
        "NOTEHOUSE_DATABASE_URL": house.hub.postgres.urls.app,
        "NOTEHOUSE_VERIFY_KEYS_FILE": str(house.hub.folder / "keys" / "verify-keys.json"),
        **environment,
    }
    with (house.hub.folder / "gateway.log").open("ab") as log:
        command = [sys.executable, "-m", "notehouse_hub.service.query_gateway"]
        return subprocess.Popen(command, env=given, stdout=log, stderr=log, cwd="/")


async def _furnish(url: str, own: tuple[str, ...]) -> AccessPlan:
    database = Database(url)
    hashed = PasswordHasher().hash(PASSWORD)
    try:
        async with database.session() as session:
            await tenants.create(session, "delta", "Delta")
            for slug, carrier in CARRIERS.items():
                await _let_read(session, await tenants.find_tenant(session, slug), carrier, own)
            for name, place in PEOPLE.items():
                user = User(username=name, password_hash=hashed, attributes={"airports": ["EWR"]})
                session.add(user)
                await session.flush()
                await members.join(session, user, *place)
            return await load_access_plan(session)
    finally:
        await database.close()


async def _let_read(session: Any, tenant: Tenant, carrier: str, own: tuple[str, ...]) -> None:
    """The demo's rights: each tenant its own flights, and the shared table without its secret."""
    source = {"name": "warehouse", "type": "clickhouse", "connection_config": {"database": "flights"}}
    session.add(DataSource(tenant_id=tenant.id, status="ready", **source))
    await session.flush()
    rights = (
        *(DataRight("warehouse", "flights", table, None, f"carrier = '{carrier}'") for table in own),
        DataRight("warehouse", "flights", "airlines", ("carrier", "name"), "1"),
    )
    for role in list(await session.scalars(roles.of_tenant(tenant))):
        assert isinstance(role, Role)
        await roles.replace(session, tenant, role, RoleContent(permissions=rights))


@pytest.fixture
def as_(place: Place) -> Callable[[str], Visitor]:
    return place.as_
