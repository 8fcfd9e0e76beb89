"""Postgres, ClickHouse and object storage as an operator has them: servers of their own, known to the platform by URL."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
from moto.server import ThreadedMotoServer

from notehouse_core.access import AccessPlan
from notehouse_hub.embedded import accounts, postgres_roles
from notehouse_hub.embedded.standalone import (
    RunningClickHouse,
    RunningPostgres,
    embedded_clickhouse,
    embedded_postgres,
    engine_folder,
)
from notehouse_hub.rights.users_file import write_users_file
from notehouse_hub.supervisor.clickhouse_rights import drained
from notehouse_hub.supervisor.secrets import Vault
from notehouse_hub.supervisor.users import Users

UID_BASE = 260_000  # not the platform's
PLATFORM_UID_BASE = 200_000
_DEMO_PASSWORDS = ("password-of-the-demo", "password-of-its-reader")


@dataclass
class Engines:
    """What the platform is told, and how a test looks at the engines itself."""

    postgres: RunningPostgres
    clickhouse: RunningClickHouse
    users_file: Path
    settings: dict[str, str]

    def know_gate(self, data: Path) -> None:
        """Write the file of a platform without people, so that ClickHouse is not started again while the demo is loaded."""
        secret = Vault(data / "secrets").open().text("class-secret")
        write_users_file(AccessPlan({}), secret, self.users_file, beside=True)
        os.chown(self.users_file, self.users_file.parent.stat().st_uid, -1)


@contextmanager
def engines_by_url() -> Iterator[Engines]:
    with (
        engine_folder() as folder,
        embedded_postgres(folder, UID_BASE, port=_free_port()) as postgres,
        _clickhouse(folder) as (clickhouse, users_file),
        _object_storage() as storage,
    ):
        postgres_roles.provision_demo(postgres.cluster, postgres.passwords.superuser, *_DEMO_PASSWORDS)
        owner, reader = (
            postgres.cluster.url(role, password, postgres_roles.DEMO_DATABASE)
            for role, password in zip(
                (postgres_roles.DEMO, postgres_roles.DEMO_READER), _DEMO_PASSWORDS, strict=True
            )
        )
        settings = {
            "NOTEHOUSE_DATABASE_URL": postgres.urls.app,
            "NOTEHOUSE_DATABASE_OWNER_URL": postgres.urls.owner,
            "NOTEHOUSE_HUB_DATABASE_URL": postgres.urls.hub,
            "NOTEHOUSE_METADATA_DEMO_URL": owner,
            "NOTEHOUSE_METADATA_DEMO_READER_URL": reader,
            "NOTEHOUSE_CLICKHOUSE_URL": clickhouse.url,
            "NOTEHOUSE_CLICKHOUSE_KEY": clickhouse.key,
            "NOTEHOUSE_CLICKHOUSE_USERS_FILE": str(users_file),
            **storage,
        }
        yield Engines(postgres, clickhouse, users_file, settings)


@contextmanager
def _clickhouse(folder: Path) -> Iterator[tuple[RunningClickHouse, Path]]:
    """A ClickHouse that reads its users.d anew when it changes: a real one by itself, this one by a restart."""
    users = folder / "users.d"
    users.mkdir()
    _share(users)
    (folder / "clickhouse").mkdir()
    (folder / "clickhouse" / "users.d").symlink_to(users)
    file, stop = users / "notehouse.xml", threading.Event()
    server = RunningClickHouse(f"http://127.0.0.1:{_free_port()}", secrets.token_urlsafe(32), None)  # type: ignore[arg-type]
    up = threading.Event()
    keeper = threading.Thread(target=_keep, args=(folder, server, file, up, stop))
    keeper.start()
    try:
        assert up.wait(60), "ClickHouse did not start"
        yield server, file
    finally:
        stop.set()
        keeper.join(30)


def _keep(
    folder: Path, server: RunningClickHouse, file: Path, up: threading.Event, stop: threading.Event
) -> None:
    while not stop.is_set():
        before = _digest(file)
        port = int(server.url.rpartition(":")[2])
        with embedded_clickhouse(folder, port, uid_base=UID_BASE, key=server.key) as running:
            server.process = running.process
            up.set()
            while _digest(file) == before and not stop.wait(0.2):
                continue
            asyncio.run(drained(server.url, server.headers, patience=60))


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else ""


def _share(folder: Path) -> None:
    """Notehouse writes there, and what it writes belongs to the server's group."""
    if os.geteuid() != 0:
        return
    writer = Users(PLATFORM_UID_BASE, isolated=True, root=True).uid("query")
    reader = accounts.engine_users(UID_BASE).clickhouse
    assert writer is not None
    assert reader is not None
    os.chown(folder, writer, reader)
    folder.chmod(0o2750)


@contextmanager
def _object_storage() -> Iterator[dict[str, str]]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **keys).create_bucket(Bucket="house")
    yield {
        "NOTEHOUSE_ARTIFACTS": "s3://house/artifacts",
        "NOTEHOUSE_S3_ENDPOINT": endpoint,
        "NOTEHOUSE_S3_KEY_ID": "key",
        "NOTEHOUSE_S3_SECRET": "secret",
    }
    server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
