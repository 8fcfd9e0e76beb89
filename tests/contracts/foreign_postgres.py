"""Somebody else's Postgres: on a port, with tables that have comments."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from notehouse_hub.embedded import accounts, postgres

PASSWORD, READER_PASSWORD = "owner-of-tests", "canary-reader-password"
TABLES = """
CREATE ROLE reader LOGIN PASSWORD 'canary-reader-password';
CREATE TABLE crews (id integer PRIMARY KEY, carrier text NOT NULL DEFAULT 'UA', name text, born date);
COMMENT ON TABLE crews IS 'Who flies';
COMMENT ON COLUMN crews.carrier IS 'The airline';
INSERT INTO crews SELECT n, (ARRAY['UA', 'DL'])[n % 2 + 1], 'crew ' || n, '1980-01-01'::date + n
    FROM generate_series(1, 1000) AS n;
CREATE VIEW pilots AS SELECT id, name FROM crews;
CREATE TABLE closed (secret text);
CREATE SCHEMA other;
CREATE TABLE other.elsewhere (x int);
GRANT SELECT ON crews, pilots TO reader;
ANALYZE;
"""


@dataclass
class ForeignPostgres:
    """A running one, on 127.0.0.1 and 127.0.0.2."""

    port: int

    def config(self, **changes: Any) -> dict[str, Any]:
        """A connection to it as its reader."""
        whole = {"host": "127.0.0.1", "port": self.port, "database": "postgres", "user": "reader"}
        return {**whole, **changes}

    @property
    def owner(self) -> str:
        """Where its owner connects."""
        return (
            f"host=127.0.0.1 port={self.port} user={postgres.SUPERUSER} password={PASSWORD} dbname=postgres"
        )

    def execute(self, sql: str) -> None:
        """Run statements as its owner."""
        with psycopg.connect(self.owner, autocommit=True) as connection:
            connection.execute(sql.encode())


@contextmanager
def foreign_postgres(folder: Path, port: int) -> Iterator[ForeignPostgres]:
    uid = accounts.engine_users().postgres
    cluster = postgres.Cluster(folder / "foreign", postgres.socket_folder(folder / "foreign-run", uid), uid)
    postgres.initialise(cluster, PASSWORD)
    command = [*cluster.command(), "-c", "listen_addresses=127.0.0.1,127.0.0.2", "-c", f"port={port}"]
    user: dict[str, Any] = {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}
    with (folder / "foreign.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", env={"PATH": os.defpath}, **user)
    try:
        there = ForeignPostgres(port)
        _fill(there, process, folder / "foreign.log")
        yield there
    finally:
        process.send_signal(postgres.STOP_SIGNAL)
        process.wait(20)


def _fill(there: ForeignPostgres, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            there.execute(TABLES)
        except psycopg.OperationalError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return
