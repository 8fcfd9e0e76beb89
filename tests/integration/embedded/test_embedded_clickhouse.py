"""The embedded ClickHouse: closed without its key, its data safe, its users those of the file."""

import base64
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from notehouse_hub.embedded import clickhouse_config
from notehouse_hub.embedded.standalone import RunningClickHouse, embedded_clickhouse, engine_folder

USERS = clickhouse_config.MINIMAL_USERS.replace(
    "</users>",
    """<reader><password>secret</password><networks><ip>127.0.0.1</ip></networks>
       <profile>default</profile><quota>default</quota>
       <grants><query>GRANT SELECT ON d.t</query></grants>
       <databases><d><t><filter>tenant = 'a'</filter></t></d></databases></reader></users>""",
)


def _status(server: RunningClickHouse, path: str, headers: dict[str, str]) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(server.url + path, headers=headers)) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize(
    "path", ["/?query=SELECT+1", "/ping", "/", "/play", "/replicas_status", "/dashboard"]
)
def test_everything_is_404_without_the_key(shared: RunningClickHouse, path: str) -> None:
    basic = base64.b64encode(b"default:").decode()
    for headers in (
        {},
        {"X-Notehouse-Key": "wrong"},
        {"X-Notehouse-Key": ""},
        {"Authorization": f"Basic {basic}"},
        {"X-ClickHouse-User": "default"},
    ):
        assert _status(shared, path, headers) == 404


def test_the_key_opens_it_and_stands_in_no_file_of_the_server(shared: RunningClickHouse) -> None:
    assert shared.query("SELECT 1") == "1\n"
    deadline = time.monotonic() + 10
    places = ("/proc/self/environ", "/proc/self/cmdline")
    for place in places:
        assert shared.key not in shared.query(f"SELECT file('{place}')")
    home = Path(shared.query("SELECT path FROM system.disks WHERE name = 'default'").strip())
    while list(home.glob("config-*/config.xml")) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not list(home.glob("config-*/config.xml"))
    kept = [file for file in home.rglob("*.xml") if shared.key in file.read_text()]
    assert kept == []


def test_rows_survive_kill_9_and_query_log_is_there_again(folder: Path, free_port: int) -> None:
    with embedded_clickhouse(folder, free_port) as server:
        server.query("CREATE DATABASE d")
        server.query("CREATE TABLE d.t (x Int32) ENGINE = MergeTree ORDER BY x")
        server.query("INSERT INTO d.t SELECT number FROM numbers(1000)")
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    with embedded_clickhouse(folder, free_port) as server:
        assert server.query("SELECT sum(x) FROM d.t") == "499500\n"
        server.query("SYSTEM FLUSH LOGS")
        assert int(server.query("SELECT count() FROM system.query_log WHERE query LIKE '%sum(x)%'")) > 0


def test_users_of_the_file_are_held_to_their_grants_and_filters(folder: Path, free_port: int) -> None:
    users = folder / "plan.xml"
    users.write_text(USERS)
    with embedded_clickhouse(folder, free_port, users) as server:
        server.query("CREATE DATABASE d")
        server.query("CREATE TABLE d.t (tenant String) ENGINE = MergeTree ORDER BY tenant")
        server.query("INSERT INTO d.t VALUES ('a'), ('b'), ('b')")
        account = {"X-ClickHouse-User": "reader", "X-ClickHouse-Key": "secret", **server.headers}
        request = urllib.request.Request(server.url + "/?query=SELECT+count()+FROM+d.t", headers=account)
        with urllib.request.urlopen(request) as answer:
            assert answer.read() == b"1\n"
        assert _status(server, "/?query=CREATE+TABLE+d.u+(x+Int8)+ENGINE=Memory", account) == 500


def test_two_on_one_port_the_second_says_why(folder: Path, free_port: int) -> None:
    with (
        embedded_clickhouse(folder / "one", free_port),
        pytest.raises(Exception, match=r"did not start|already in use"),
        embedded_clickhouse(folder / "two", free_port),
    ):
        raise AssertionError("the second must not start")


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningClickHouse]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with engine_folder() as home, embedded_clickhouse(home, port) as server:
        yield server
