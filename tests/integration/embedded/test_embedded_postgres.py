"""The embedded Postgres: whose it is, what survives, and who may not come in."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest

from notehouse_hub.embedded import postgres
from notehouse_hub.embedded.standalone import embedded_postgres


def _address(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def test_app_role_reads_and_writes_what_the_owner_made_and_changes_no_table(folder: Path) -> None:
    with embedded_postgres(folder) as server:
        with psycopg.connect(_address(server.urls.owner)) as owner:
            owner.execute("CREATE TABLE fact (name text)")
        with psycopg.connect(_address(server.urls.app), autocommit=True) as app:
            app.execute("INSERT INTO fact VALUES ('kept')")
            assert app.execute("SELECT name FROM fact").fetchall() == [("kept",)]
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute("DROP TABLE fact")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute("CREATE TABLE other (x int)")


def test_hub_database_is_closed_to_the_app_and_the_other_way_round(folder: Path) -> None:
    with embedded_postgres(folder) as server:
        psycopg.connect(_address(server.urls.hub)).close()
        passwords, cluster = server.passwords, server.cluster
        for role, password, database in (
            ("notehouse_app", passwords.app, "hub"),
            ("notehouse_owner", passwords.owner, "hub"),
            ("notehouse_hub", passwords.hub, "notehouse"),
        ):
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                psycopg.connect(_address(cluster.url(role, password, database)))


def test_a_password_is_asked_for_and_there_is_no_tcp_port(folder: Path) -> None:
    with embedded_postgres(folder) as server:
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(_address(server.cluster.url("notehouse_app", "wrong", "notehouse")))
        with psycopg.connect(_address(server.superuser_url)) as connection:
            shown = {
                name: connection.execute("SELECT current_setting(%s)", [name]).fetchone()
                for name in ("listen_addresses", "fsync", "full_page_writes")
            }
    assert shown == {"listen_addresses": ("",), "fsync": ("on",), "full_page_writes": ("on",)}


def test_committed_rows_survive_kill_9_and_a_pid_file_that_names_someone_else(folder: Path) -> None:
    with embedded_postgres(folder) as server:
        with psycopg.connect(_address(server.urls.owner)) as owner:
            owner.execute("CREATE TABLE fact AS SELECT 41 + 1 AS answer")
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    pid_file = server.cluster.folder / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    with embedded_postgres(folder) as again, psycopg.connect(_address(again.urls.app)) as app:
        assert app.execute("SELECT answer FROM fact").fetchone() == (42,)


def test_the_socket_is_closed_to_other_unix_users(folder: Path) -> None:
    with embedded_postgres(folder) as server:
        sockets = server.cluster.sockets
        status = sockets.stat()
        assert status.st_mode & 0o007 == 0
        if os.geteuid() == 0:
            assert _connect_as(209_999, sockets) == "PermissionError"
            assert _connect_as(200_001, sockets) == "connected"
            assert _connect_as(209_999, sockets, groups=[200_001]) == "connected"
        else:
            assert status.st_uid == os.geteuid()


def _connect_as(uid: int, sockets: Path, groups: Sequence[int] = ()) -> str:
    """Try the socket from a child process that runs as another Unix user."""
    code = (
        "import socket, sys\n"
        "s = socket.socket(socket.AF_UNIX)\n"
        "try:\n    s.connect(sys.argv[1])\nexcept OSError as error:\n    print(type(error).__name__)\n"
        "else:\n    print('connected')"
    )
    command = [sys.executable, "-I", "-c", code, str(sockets / ".s.PGSQL.5432")]
    finished = subprocess.run(
        command,
        user=uid,
        group=uid,
        extra_groups=list(groups),
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    return finished.stdout.strip()


def test_a_long_data_folder_still_gets_a_socket_in_a_private_folder(folder: Path) -> None:
    deep = folder / ("deep-" * 20) / "data"
    deep.mkdir(parents=True)
    with embedded_postgres(deep) as server:
        assert len(str(server.cluster.sockets)) < 100
        assert server.cluster.sockets.stat().st_mode & 0o007 == 0
        first = server.cluster.sockets
    with embedded_postgres(deep) as server:
        assert server.cluster.sockets == first
    shutil.rmtree(first)


def test_data_of_another_major_version_is_refused_with_what_to_do(folder: Path) -> None:
    cluster = postgres.Cluster(folder / "postgres", folder)
    cluster.folder.mkdir()
    (cluster.folder / "PG_VERSION").write_text("12\n")
    with pytest.raises(Exception, match=r"belongs to Postgres 12.*notehouse backup"):
        postgres.initialise(cluster, "secret")


def test_a_server_that_was_left_running_makes_way(folder: Path) -> None:
    with embedded_postgres(folder) as server:
        with psycopg.connect(_address(server.urls.owner)) as owner:
            owner.execute("CREATE TABLE fact AS SELECT 42 AS answer")
        assert postgres.server_pid(server.cluster) == server.process.pid
        postgres.clear_stale_pid(server.cluster)
        assert server.process.wait(10) is not None
        assert postgres.server_pid(server.cluster) is None
    with embedded_postgres(folder) as again, psycopg.connect(_address(again.urls.app)) as app:
        assert app.execute("SELECT answer FROM fact").fetchone() == (42,)
