"""The small Postgres of a cluster: its roles are made by the chart's own script, and our migrations run on it."""

from __future__ import annotations

import os
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command

from chart import forms
from chart.chart import FOLDER, render
from chart.test_settings import data_of
from notehouse_core.store import migrate
from notehouse_hub.embedded import postgres as binaries
from notehouse_hub.embedded.postgres_roles import connect
from notehouse_hub.embedded.standalone import RunningPostgres, embedded_postgres, engine_folder

SUPERUSER = "canary-superuser"
ROLES = ("notehouse_owner", "notehouse_app", "notehouse_hub")


@pytest.fixture(scope="module")
def empty_postgres() -> Iterator[RunningPostgres]:
    """A Postgres without anything of ours in it."""
    with engine_folder() as folder, embedded_postgres(folder) as running:
        with connect(running.cluster, running.passwords.superuser) as connection:
            for database in ("notehouse", "hub"):
                connection.execute(f"DROP DATABASE {database}".encode())
            for role in ROLES:
                connection.execute(f"DROP ROLE {role}".encode())
            # The official image's own superuser.
            connection.execute(f"CREATE ROLE postgres SUPERUSER LOGIN PASSWORD '{SUPERUSER}'".encode())
        yield running


def test_the_charts_script_makes_a_database_that_migrates(empty_postgres: RunningPostgres) -> None:
    rendered = render(forms.SMALL)
    config = rendered.named("ConfigMap", "nh-notehouse-postgres")
    passwords = data_of(rendered)
    names = {
        variable: value["secretKeyRef"]["key"]
        for variable, value in rendered.environment("postgres").items()
        if isinstance(value, dict)
    }
    environment = {variable: passwords[key] for variable, key in names.items()} | {
        "PATH": f"{binaries.binaries()}:{os.defpath}",
        "PGHOST": str(empty_postgres.cluster.sockets),
        "PGPASSWORD": SUPERUSER,
    }
    subprocess.run(["sh", "-c", config["data"]["roles.sh"]], env=environment, check=True, timeout=60)

    owner, app, hub = (
        url_on(empty_postgres, passwords[key])
        for key in ("database-owner-url", "database-url", "hub-database-url")
    )
    migrate.upgrade(owner)
    command.check(migrate._config(owner))
    with psycopg.connect(plain(app)) as connection:
        assert connection.execute("SELECT count(*) FROM tenants").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DROP TABLE tenants")
    with psycopg.connect(plain(hub)) as connection:
        connection.execute("CREATE TABLE users (id int)")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(plain(app).replace("/notehouse?", "/hub?"))


def url_on(running: RunningPostgres, url: str) -> str:
    """The chart's URL, at the socket of this Postgres instead of its Service."""
    account, _, database = url.partition("@nh-notehouse-postgres:5432")
    return f"{account}@{database}?host={running.cluster.sockets}"


def plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def test_clickhouse_lets_nobody_in_but_its_administrator() -> None:
    users = ElementTree.parse(FOLDER / "files" / "clickhouse-users.xml").getroot()
    found = users.find("users")
    assert found is not None
    assert {one.tag: one.attrib for one in found} == {"default": {"remove": "1"}, "notehouse": {}}
    assert found.findtext("notehouse/access_management") == "1"
    password = found.find("notehouse/password")
    assert password is not None
    variable = password.attrib["from_env"]
    environment = render(forms.SMALL).environment("clickhouse")
    assert environment[variable]["secretKeyRef"]["key"] == "clickhouse-password"
    assert render(forms.SMALL).environment("api")["NOTEHOUSE_CLICKHOUSE_USER"] == "notehouse"


def test_files_of_the_engines_reach_them() -> None:
    config = render(forms.SMALL).named("ConfigMap", "nh-notehouse-clickhouse")
    for name, text in config["data"].items():
        assert text == Path(FOLDER / "files" / f"clickhouse-{name}").read_text()
