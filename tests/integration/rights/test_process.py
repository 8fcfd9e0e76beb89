"""`notehouse rights` as it runs: a change in Postgres is in force in seconds, and what cannot be written changes nothing."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import psycopg
import pytest

from integration.rights.conftest import free_port
from notehouse_core.ids import uuid7
from notehouse_core.store.database import Database
from notehouse_core.store.models import DataSource, Membership, Permission, Role, Tenant, User
from notehouse_hub.embedded.standalone import RunningPostgres
from notehouse_hub.supervisor import clickhouse_rights
from notehouse_hub.supervisor.console import Console


def until(true: Callable[[], Any], seconds: float) -> float:
    began = time.monotonic()
    while True:
        try:
            if true():
                return time.monotonic() - began
        except (httpx.TransportError, FileNotFoundError):
            pass
        assert time.monotonic() - began < seconds
        time.sleep(0.05)


@pytest.fixture
async def analyst(database: Database) -> str:
    """A person with a class of its own; the permission's resource names it."""
    name = f"analyst-{uuid7().hex[-8:]}"
    tenant = Tenant(id=uuid7(), slug=name, name=name)
    permission = Permission(
        resource="data:warehouse/flights.flights",
        action="select",
        conditions={"row_filter": f"carrier = '{name}'"},
        tenant_id=tenant.id,
    )
    role = Role(name="analyst", tenant=tenant, permissions=[permission])
    source = DataSource(name="warehouse", type="clickhouse", tenant=tenant, connection_config={})
    async with database.session() as session:
        session.add_all([tenant, role, source])
        session.add(Membership(user=User(username=name), role=role, tenant=tenant))
    return name


def execute(postgres: RunningPostgres, statement: str, *values: Any) -> None:
    address = postgres.urls.app.replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SELECT set_config('notehouse.tenants', '*', false)")
        connection.execute(statement.encode(), values or None)
        connection.execute("NOTIFY notehouse_rights")


def set_filter(postgres: RunningPostgres, name: str, row_filter: str) -> None:
    execute(
        postgres,
        "UPDATE permissions SET conditions = jsonb_build_object('row_filter', %s::text) WHERE tenant_id = "
        "(SELECT id FROM tenants WHERE slug = %s)",
        row_filter,
        name,
    )


def set_table(postgres: RunningPostgres, name: str, table: str) -> None:
    execute(
        postgres,
        "UPDATE permissions SET resource = 'data:warehouse/flights.' || %s WHERE tenant_id = "
        "(SELECT id FROM tenants WHERE slug = %s)",
        table,
        name,
    )


class Running:
    """The process, its file and its port."""

    def __init__(self, postgres: RunningPostgres, folder: Path) -> None:
        self.file, self.port = folder / "users.d" / "notehouse.xml", free_port()
        self.file.parent.mkdir()
        environment = {
            "PATH": os.defpath,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "NOTEHOUSE_DATA": str(folder),
            "NOTEHOUSE_PORT": str(self.port - 10),
            "NOTEHOUSE_DATABASE_URL": postgres.urls.app,
            "NOTEHOUSE_CLICKHOUSE_URL": "http://127.0.0.1:9",
            "NOTEHOUSE_CLASS_SECRET": "a-class-secret",
            "NOTEHOUSE_CLICKHOUSE_USERS_FILE": str(self.file),
        }
        self.log = folder / "log"
        with self.log.open("wb") as output:
            command = [sys.executable, "-m", "notehouse_hub.cli", "rights"]
            self.process = subprocess.Popen(command, env=environment, stderr=output, stdout=output)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", trust_env=False)

    def is_ready(self) -> bool:
        return self.get("/health/ready").status_code == 200


@pytest.fixture
def running(postgres: RunningPostgres, tmp_path: Path, analyst: str) -> Iterator[Running]:
    one = Running(postgres, tmp_path)
    until(one.is_ready, 20)
    yield one
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(10) == 0, one.log.read_text()


def test_a_change_is_written_in_seconds(running: Running, postgres: RunningPostgres, analyst: str) -> None:
    assert f"carrier = '{analyst}'" in running.file.read_text()
    set_filter(postgres, analyst, "carrier = 'ZZ'")
    assert until(lambda: "carrier = 'ZZ'" in running.file.read_text(), 5) < 5
    assert f"carrier = '{analyst}'" not in running.file.read_text()
    assert "notehouse_rights_classes " in running.get("/metrics").text
    assert "rights are in force" in running.log.read_text()


def test_what_cannot_be_written_leaves_what_was(
    running: Running, postgres: RunningPostgres, analyst: str
) -> None:
    before = running.file.read_text()
    set_table(postgres, analyst, "fl-ghts")
    until(lambda: not running.is_ready(), 10)
    assert "characters other than" in running.get("/health/ready").json()["missing"][0]
    assert running.file.read_text() == before
    set_table(postgres, analyst, "flights")
    set_filter(postgres, analyst, "carrier = 'AA'")
    until(running.is_ready, 10)
    assert "carrier = 'AA'" in running.file.read_text()


async def test_the_supervisor_goes_on_after_a_plan_that_cannot_be_written(
    postgres: RunningPostgres, analyst: str, tmp_path: Path
) -> None:
    said = io.StringIO()
    platform: Any = SimpleNamespace(
        database_urls=postgres.urls,
        vault=SimpleNamespace(text=lambda _: "a-class-secret"),
        clickhouse_users=tmp_path / "users.xml",
        users=SimpleNamespace(uid=lambda _: None),
    )
    await clickhouse_rights.write(platform, Console(said))
    before = platform.clickhouse_users.read_text()
    set_table(postgres, analyst, "fl-ghts")
    await clickhouse_rights.write(platform, Console(said))
    assert "those of before hold" in said.getvalue()
    assert platform.clickhouse_users.read_text() == before
    set_table(postgres, analyst, "flights")
