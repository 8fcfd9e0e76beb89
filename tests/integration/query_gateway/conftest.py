"""A query gateway before real engines: two tenants on one table, an admin, and tokens of all three."""

import asyncio
import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from notehouse_core.access import AccessPlan
from notehouse_core.ids import uuid7
from notehouse_core.store import migrate
from notehouse_core.store.database import Database
from notehouse_core.store.models import DataSource, Membership, Permission, Role, Tenant, User
from notehouse_core.store.plan import load_access_plan
from notehouse_core.tokens import INTERACTIVE, Claims, Signer, key_id, public_pem
from notehouse_hub.embedded.standalone import (
    RunningClickHouse,
    RunningPostgres,
    embedded_clickhouse,
    embedded_postgres,
    engine_folder,
)
from notehouse_hub.rights.users_file import write_users_file

CLASS_SECRET = "class-secret-of-tests"
ROWS = 10_000  # of each carrier

TABLES = [
    "CREATE DATABASE flights",
    "CREATE DATABASE vault",
    "CREATE TABLE flights.flights (carrier LowCardinality(String), origin String, day Date, dep_delay Nullable(Int16)) "
    "ENGINE = MergeTree ORDER BY (carrier, day) COMMENT 'Departures'",
    f"INSERT INTO flights.flights SELECT ['UA', 'DL', 'AA'][number % 3 + 1], ['EWR', 'JFK'][number % 2 + 1], "
    f"toDate('2013-01-01') + number % 365, number % 60 FROM numbers({3 * ROWS})",
    "CREATE TABLE flights.airlines (carrier String, name String, secret String) ENGINE = MergeTree ORDER BY carrier",
    "INSERT INTO flights.airlines VALUES ('UA', 'United', 'canary-1'), ('DL', 'Delta', 'canary-2')",
    "CREATE TABLE vault.hidden (canary String) ENGINE = MergeTree ORDER BY canary",
    "INSERT INTO vault.hidden VALUES ('canary-3')",
    "CREATE TABLE flights.landing (id UInt32, name String) ENGINE = MergeTree ORDER BY id "
    "SETTINGS non_replicated_deduplication_window = 100",
    "CREATE VIEW flights.late AS SELECT * FROM flights.flights",
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _client() -> httpx.Client:
    return httpx.Client(timeout=60, limits=httpx.Limits(max_keepalive_connections=0))


@dataclass
class House:
    """Engines, keys and a running gateway."""

    folder: Path
    postgres: RunningPostgres
    clickhouse: RunningClickHouse
    signer: Signer
    plan: AccessPlan
    port: int
    process: subprocess.Popen[bytes] | None = None
    client: httpx.Client = field(default_factory=_client)  # making one takes 30 ms

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def claims(self, who: str, tenant: str, **changes: Any) -> Claims:
        found = self.plan.class_of(who, tenant)
        assert found is not None
        return replace(Claims(who, tenant, found.id, INTERACTIVE), **changes)

    def token(self, who: str, tenant: str, **changes: Any) -> str:
        return self.signer.sign(self.claims(who, tenant, **changes))

    @property
    def united(self) -> str:
        return self.token("united-analyst", "united")

    @property
    def delta(self) -> str:
        return self.token("delta-analyst", "delta")

    @property
    def admin(self) -> str:
        return self.token("admin", "*")

    def ask(
        self, statement: str, token: str | None = None, path: str = "/", **parameters: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.united}"}
        return self.client.post(
            self.url + path, content=statement.encode(), params=parameters, headers=headers
        )

    def execute(self, statement: str) -> None:
        address = self.postgres.urls.app.replace("+psycopg", "")
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("SELECT set_config('notehouse.tenants', '*', false)")
            connection.execute(statement.encode())

    def log(self) -> str:
        return (self.folder / "gateway.log").read_text()

    def start_gateway(self) -> None:
        environment = {
            "PATH": os.defpath,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "NOTEHOUSE_DATA": str(self.folder),
            "NOTEHOUSE_PORT": str(self.port - 4),
            "NOTEHOUSE_DATABASE_URL": self.postgres.urls.app,
            "NOTEHOUSE_CLICKHOUSE_URL": self.clickhouse.url,
            "NOTEHOUSE_CLICKHOUSE_KEY": self.clickhouse.key,
            "NOTEHOUSE_CLASS_SECRET": CLASS_SECRET,
            "NOTEHOUSE_VERIFY_KEYS_FILE": str(self.folder / "verify-keys.json"),
        }
        command = [sys.executable, "-m", "notehouse_hub.service.query_gateway"]
        with (self.folder / "gateway.log").open("ab") as output:
            self.process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, cwd="/")
        self.wait_until_ready()

    def wait_until_ready(self, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.process is not None
            assert self.process.poll() is None, self.log()
            try:
                if httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError(self.log())

    def stop_gateway(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(15)


@contextmanager
def running_house(quotas: dict[str, int] | None = None) -> Iterator[House]:
    """Start one; `quotas` are those of both tenants."""
    with engine_folder() as folder, embedded_postgres(folder) as postgres:
        migrate.upgrade(postgres.urls.owner)
        plan = asyncio.run(_furnish(postgres.urls.app, quotas or {}))
        users = folder / "users.xml"
        write_users_file(plan, CLASS_SECRET, users)
        port = secrets.choice([one for one in (free_port() for _ in range(3)) if one > 2000])
        with embedded_clickhouse(folder, free_port(), users) as clickhouse:
            for statement in TABLES:
                clickhouse.query(statement)
            house = House(folder, postgres, clickhouse, _signer(folder), plan, port)
            house.start_gateway()
            try:
                yield house
            finally:
                house.stop_gateway()


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    with running_house() as one:
        yield one


@pytest.fixture
def own_house() -> Iterator[House]:
    """One that a test may break."""
    with running_house() as one:
        yield one


def _signer(folder: Path) -> Signer:
    key = Ed25519PrivateKey.generate()
    private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "signing-key.pem").write_bytes(key.private_bytes(*private))
    pem = public_pem(key)
    (folder / "verify-keys.json").write_text(json.dumps({key_id(pem): pem}))
    return Signer.from_file(folder / "signing-key.pem")


async def _furnish(url: str, quotas: dict[str, int]) -> AccessPlan:
    database = Database(url)
    try:
        async with database.session() as session:
            session.add(User(username="admin", is_admin=True))
            for slug, carrier in (("united", "UA"), ("delta", "DL")):
                session.add_all(_tenant(slug, carrier, quotas))
        async with database.session() as session:
            return await load_access_plan(session)
    finally:
        await database.close()


def _tenant(slug: str, carrier: str, quotas: dict[str, int]) -> list[Any]:
    tenant = Tenant(id=uuid7(), slug=slug, name=slug.title(), settings={"quotas": quotas})
    grants: dict[str, dict[str, Any]] = {
        "flights": {"row_filter": f"carrier = '{carrier}'"},
        "late": {"row_filter": f"carrier = '{carrier}'"},
        "airlines": {"row_filter": "1", "columns": ["carrier", "name"]},
    }
    if slug == "united":
        grants["landing"] = {"row_filter": "1", "insert": True}
    permissions = [
        Permission(
            resource=f"data:warehouse/flights.{table}", action="select", conditions=what, tenant_id=tenant.id
        )
        for table, what in grants.items()
    ]
    role = Role(name="analyst", tenant=tenant, permissions=permissions)
    source = DataSource(
        name="warehouse", type="clickhouse", tenant=tenant, connection_config={"database": "flights"}
    )
    people = [User(username=f"{slug}-{name}") for name in ("analyst", "second", "third")]
    members = [Membership(user=person, role=role, tenant=tenant) for person in people]
    return [tenant, role, source, *people, *members]


def basic(password: str, user: str = "anyone") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}
