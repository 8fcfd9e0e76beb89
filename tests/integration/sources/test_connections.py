"""Real connections to ClickHouse and Postgres: what they tell, and what is said when they fail."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from contracts.foreign_postgres import READER_PASSWORD, ForeignPostgres
from integration.sources.conftest import Shelf
from notehouse_core.errors import NotehouseError, SourceDown
from notehouse_core.settings import Settings
from notehouse_core.store.models import DataSource
from notehouse_hub.embedded.standalone import RunningClickHouse
from notehouse_hub.sources import contract
from notehouse_hub.sources.connecting import Sources
from notehouse_hub.sources.contract import Target
from notehouse_hub.sources.postgresql import PostgreSQL


def postgres(foreign: ForeignPostgres, **changes: Any) -> dict[str, Any]:
    return foreign.config(**changes)


async def test_postgres_tells_its_version_its_tables_and_their_columns(
    shelf: Shelf, foreign: ForeignPostgres
) -> None:
    source = await shelf.put("crm", "postgresql", postgres(foreign), password=READER_PASSWORD)
    checked = await shelf.sources.check(source)
    assert checked.success, checked.message
    assert str(checked.version).startswith("PostgreSQL ")
    assert 0 < checked.latency_ms < 5000
    async with shelf.sources.connect(source) as connection:
        tables = {one.name: one for one in await connection.tables()}
        assert tables.keys() == {"crews", "pilots"}  # neither what it may not read nor another schema
        assert (tables["crews"].comment, tables["crews"].rows) == ("Who flies", 1000)
        assert (tables["crews"].bytes or 0) > 8192
        assert tables["pilots"].rows is None
        columns = await connection.columns(list(tables.values()))
    crews = [one for one in columns if one.table == "crews"]
    assert [(one.name, one.type, one.nullable) for one in crews] == [
        ("id", "integer", False),
        ("carrier", "text", False),
        ("name", "text", True),
        ("born", "date", True),
    ]
    assert (crews[1].default, crews[1].comment) == ("'UA'::text", "The airline")


async def test_without_a_password_nobody_elses_is_looked_for(
    shelf: Shelf,
    foreign: ForeignPostgres,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    ours = tmp_path / "pgpass"
    ours.write_text(f"*:*:*:*:{READER_PASSWORD}")
    ours.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(ours))
    checked = await shelf.sources.check(await shelf.put("crm", "postgresql", postgres(foreign)))
    assert not checked.success
    assert capfd.readouterr().err == "", "libpq writes past our logs"


async def test_a_session_in_postgres_only_reads(shelf: Shelf, foreign: ForeignPostgres) -> None:
    source = await shelf.put("crm", "postgresql", postgres(foreign), password=READER_PASSWORD)
    async with shelf.sources.connect(source) as connection:
        with pytest.raises(SourceDown, match="read-only transaction"):
            await connection._ask("CREATE TEMPORARY TABLE x (n int)", [])  # type: ignore[attr-defined]


async def test_clickhouse_tells_the_same(
    shelf: Shelf, clickhouse: RunningClickHouse, sources: Sources
) -> None:
    own = DataSource(
        name="warehouse", type="clickhouse", tenant=shelf.tenant, connection_config={"database": "flights"}
    )
    checked = await sources.check(own)
    assert (checked.success, str(checked.version).startswith("ClickHouse 26.")) == (True, True), checked
    async with sources.connect(own) as connection:
        (table,) = await connection.tables()
        assert (table.schema, table.name, table.comment, table.rows) == (
            "flights",
            "flights",
            "Departures",
            100,
        )
        carrier, delay = await connection.columns([table])
    assert (carrier.type, carrier.nullable, carrier.comment, carrier.default) == (
        "String",
        False,
        "The airline",
        None,
    )
    assert (delay.type, delay.nullable, delay.default) == ("Nullable(Int16)", True, "0")


@pytest.mark.parametrize(
    ("changes", "password", "message"),
    [
        ({}, "canary-wrong", 'password authentication failed for user "reader"'),
        ({"user": "nobody"}, "canary-wrong", 'password authentication failed for user "nobody"'),
        ({"database": "nothing"}, READER_PASSWORD, 'database "nothing" does not exist'),
        ({"host": "no-such-host.invalid"}, READER_PASSWORD, "no-such-host.invalid has no address"),
        ({"sslmode": "require"}, READER_PASSWORD, "server does not support SSL, but SSL was required"),
        ({"port": 1}, READER_PASSWORD, "127.0.0.1:1: Connection refused"),
        ({"host": "10.1.2.3"}, READER_PASSWORD, "NOTEHOUSE_SOURCE_HOSTS"),
    ],
)
async def test_what_is_wrong_with_a_postgres_is_said(
    shelf: Shelf, foreign: ForeignPostgres, changes: dict[str, Any], password: str, message: str
) -> None:
    source = await shelf.put("crm", "postgresql", postgres(foreign, **changes), password=password)
    checked = await shelf.sources.check(source)
    assert not checked.success
    assert message in checked.message
    assert "canary" not in checked.message
    assert checked.version is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"port": 1, "secure": False}, "connection refused"),
        ({"secure": True}, "it does not speak TLS on this port"),
        ({}, "and not as a ClickHouse does"),  # the embedded one answers nobody without its header
        ({"host": "169.254.169.254", "port": 80}, "NOTEHOUSE_SOURCE_HOSTS"),
    ],
)
async def test_what_is_wrong_with_a_clickhouse_is_said(
    shelf: Shelf, clickhouse: RunningClickHouse, changes: dict[str, Any], message: str
) -> None:
    port = int(clickhouse.url.rpartition(":")[2])
    config = {"host": "127.0.0.1", "port": port, "secure": False, "database": "default", "user": "default"}
    source = await shelf.put("other", "clickhouse", {**config, **changes}, password="canary-password")
    checked = await shelf.sources.check(source)
    assert not checked.success
    assert message in checked.message
    assert "canary" not in checked.message


@contextmanager
def silent_server() -> Iterator[int]:
    """One that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(5)
        taken: list[socket.socket] = []
        accepting = threading.Thread(target=lambda: taken.append(listening.accept()[0]), daemon=True)
        accepting.start()
        yield int(listening.getsockname()[1])
        for one in taken:
            one.close()


@pytest.mark.parametrize("type", ["postgresql", "clickhouse"])
async def test_a_server_that_says_nothing_is_given_up(
    shelf: Shelf, foreign: ForeignPostgres, type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("clickhouse", "postgresql"):
        monkeypatch.setattr(f"notehouse_hub.sources.{module}.PATIENCE", 2.0)
    with silent_server() as port:
        more = {"secure": False} if type == "clickhouse" else {}
        source = await shelf.put("mute", type, postgres(foreign, port=port, **more), password="x")
        began = asyncio.get_running_loop().time()
        checked = await shelf.sources.check(source)
        assert not checked.success
        assert "does not answer within 2 s" in checked.message
        assert asyncio.get_running_loop().time() - began < contract.PATIENCE


async def test_only_so_many_are_tried_at_once(shelf: Shelf, foreign: ForeignPostgres) -> None:
    source = await shelf.put("crm", "postgresql", postgres(foreign), password=READER_PASSWORD)
    tried = await asyncio.gather(*(shelf.sources.check(source) for _ in range(6)), return_exceptions=True)
    refused = [one for one in tried if isinstance(one, NotehouseError)]
    assert len(refused) == 2
    assert all("Try again" in str(one) for one in refused)


async def test_a_postgres_is_a_database_of_clickhouse(
    shelf: Shelf, foreign: ForeignPostgres, clickhouse: RunningClickHouse
) -> None:
    source = await shelf.put("crm-2", "postgresql", postgres(foreign), password=READER_PASSWORD)
    assert await shelf.sources.attach(source)
    name = source.attached_as
    assert name == f"{shelf.tenant.slug}__crm-2".replace("-", "_")
    assert clickhouse.query(f"SELECT count(), min(born) FROM {name}.crews") == "1000\t1980-01-02\n"
    assert "canary" not in clickhouse.query(f"SHOW CREATE DATABASE {name}")
    assert await shelf.sources.attach(source)  # again, as after a change
    assert source.attached_as == name
    await shelf.sources.detach(source)
    assert clickhouse.query(f"SELECT count() FROM system.databases WHERE name = '{name}'") == "0\n"


async def test_one_whose_certificate_must_be_checked_is_not_shown_by_a_client_that_cannot(
    shelf: Shelf, foreign: ForeignPostgres, clickhouse: RunningClickHouse
) -> None:
    config = postgres(foreign, sslmode="verify-full")
    source = await shelf.put("strict", "postgresql", config, password=READER_PASSWORD)
    assert not await shelf.sources.attach(source)
    assert source.attached_as is None


async def test_without_keys_no_secret_is_stored(settings: Settings, shelf: Shelf) -> None:
    keyless = Sources(settings.model_copy(update={"secret_keys_file": None}))
    with pytest.raises(NotehouseError, match="NOTEHOUSE_SECRET_KEYS_FILE"):
        _ = keyless.keys


def test_names_and_addresses_cannot_leave_their_place_in_the_engine(foreign: ForeignPostgres) -> None:
    kind = PostgreSQL()
    config = kind.config.model_validate({**foreign.config(), "user": "a', 'x') --", "database": "d\\'"})
    engine = kind.engine(Target(config, {"password": "p') ENGINE = Memory --'"}, "2001:db8::1"))
    words = ("d\\\\\\'", "a\\', \\'x\\') --", "p\\') ENGINE = Memory --\\'", "public")
    quoted = ", ".join(f"'{word}'" for word in words)
    assert engine == f"PostgreSQL('[2001:db8::1]:{foreign.port}', {quoted})"
