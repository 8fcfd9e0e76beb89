"""Engines without the supervisor, for tests and scripts: each runs for as long as a block lasts."""

import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from notehouse_hub.embedded import (
    accounts,
    clickhouse_config,
    clickhouse_engine,
    clickhouse_server,
    postgres,
    postgres_roles,
)
from notehouse_hub.embedded.errors import EngineStartError

_PATIENCE = 30.0  # seconds for a start or a stop


@dataclass
class RunningPostgres:
    """A Postgres with our roles; the URLs are SQLAlchemy's."""

    cluster: postgres.Cluster
    passwords: postgres_roles.Passwords
    process: subprocess.Popen[bytes]

    @property
    def urls(self) -> postgres_roles.Urls:
        """URLs of the roles owner, app and hub."""
        return postgres_roles.Urls.of(self.cluster, self.passwords)

    @property
    def superuser_url(self) -> str:
        """URL of the superuser, for tests that make databases of their own."""
        return self.cluster.url(postgres.SUPERUSER, self.passwords.superuser, "postgres")


@dataclass
class RunningClickHouse:
    """A ClickHouse behind its secret header."""

    url: str
    key: str
    process: subprocess.Popen[bytes]

    @property
    def headers(self) -> dict[str, str]:
        """The header that every request must carry."""
        return {clickhouse_config.KEY_HEADER: self.key}

    def query(self, statement: str) -> str:
        """Run a statement as the admin and return the answer's text."""
        request = urllib.request.Request(self.url, data=statement.encode(), headers=self.headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - an address of our own
            return bytes(answer.read()).decode()


def engines() -> Path:
    """Return the folder of engines that all tests share: NOTEHOUSE_ENGINES, or the user's cache."""
    cache = Path("/var/cache") if os.geteuid() == 0 else Path.home() / ".cache"
    return Path(os.environ.get("NOTEHOUSE_ENGINES") or cache / "notehouse" / "engines")


@contextmanager
def engine_folder() -> Iterator[Path]:
    """Make a temporary folder that the engines' users can reach; a test's usual one is closed to them."""
    with tempfile.TemporaryDirectory(prefix="nh-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def embedded_postgres(
    folder: Path, uid_base: int = accounts.DEFAULT_UID_BASE, port: int | None = None
) -> Iterator[RunningPostgres]:
    """Run a Postgres whose data lies in `folder`/postgres, with a loopback port if one is given.

    Passwords are new at every start.
    """
    uid = accounts.engine_users(uid_base).postgres
    sockets = postgres.socket_folder(folder / "run", uid)
    cluster = postgres.Cluster(folder / "postgres", sockets, uid, port=port)
    passwords = postgres_roles.Passwords(
        _superuser_password(folder), *(secrets.token_hex(16) for _ in range(3))
    )
    postgres.initialise(cluster, passwords.superuser)
    postgres.clear_stale_pid(cluster)
    with _process(cluster.command(), uid, folder / "postgres.log", postgres.STOP_SIGNAL) as process:
        _wait_for_postgres(cluster, passwords, process)
        postgres_roles.provision(cluster, passwords)
        yield RunningPostgres(cluster, passwords, process)


@contextmanager
def embedded_clickhouse(
    folder: Path,
    port: int,
    users_file: Path | None = None,
    uid_base: int = accounts.DEFAULT_UID_BASE,
    key: str = "",
) -> Iterator[RunningClickHouse]:
    """Run a ClickHouse with its data in `folder`/clickhouse; without a users file there is only the admin.

    The key is a new one, or the one that is given.
    """
    uid = accounts.engine_users(uid_base).clickhouse
    for _ in clickhouse_engine.fetch(engines()):
        continue
    home = accounts.prepare(folder / "clickhouse", uid)
    key = key or secrets.token_urlsafe(32)
    users = home / "users.xml"
    users.write_text(users_file.read_text() if users_file else clickhouse_config.MINIMAL_USERS)
    accounts.give(users, uid)
    library = clickhouse_engine.library(engines())
    command = clickhouse_server.command(library=library, folder=home, users=users, port=port)
    with _process(command, uid, folder / "clickhouse.log", signal.SIGTERM, said=key) as process:
        server = RunningClickHouse(f"http://127.0.0.1:{port}", key, process)
        _wait_for_clickhouse(server, folder / "clickhouse.log")
        yield server


def _superuser_password(folder: Path) -> str:
    """The superuser's password is set when the data folder is made, so it is kept beside it."""
    file = folder / "superuser"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(16))
    return file.read_text()


@contextmanager
def _process(
    command: list[str], uid: int | None, log: Path, stop: signal.Signals, said: str = ""
) -> Iterator[subprocess.Popen[bytes]]:
    user: dict[str, Any] = {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=output, stderr=output, cwd="/", umask=0o077,
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONPATH": os.pathsep.join(sys.path)}, **user,
        )  # fmt: skip
    try:
        assert process.stdin is not None  # noqa: S101 - asked for above
        process.stdin.write(said.encode() + b"\n")
        process.stdin.close()
        yield process
    finally:
        process.send_signal(stop)
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for_postgres(
    cluster: postgres.Cluster, passwords: postgres_roles.Passwords, process: subprocess.Popen[bytes]
) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            postgres_roles.connect(cluster, passwords.superuser).close()
        except psycopg.OperationalError as error:
            _give_up("Postgres", process, deadline, cluster.folder.parent / "postgres.log", error)
            time.sleep(0.05)
        else:
            return


def _wait_for_clickhouse(server: RunningClickHouse, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            server.query("SELECT 1")
        except (urllib.error.URLError, OSError) as error:
            _give_up("ClickHouse", server.process, deadline, log, error)
            time.sleep(0.05)
        else:
            return


def _give_up(
    name: str, process: subprocess.Popen[bytes], deadline: float, log: Path, error: Exception
) -> None:
    if process.poll() is None and time.monotonic() < deadline:
        return
    tail = log.read_text(errors="replace")[-1000:]
    raise EngineStartError(
        f"The embedded {name} did not start ({error}). The end of {log}:\n{tail}"
    ) from error
