"""Rows that go in, and what is kept in a session: for who may, in the session of its holder, and nowhere else."""

import contextlib
import gzip
import secrets
import socket
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import clickhouse_connect
import httpx
import pyarrow
import pytest

from integration.query_gateway.conftest import House
from notehouse_core.tokens import RUN, VIEW, class_subject
from notehouse_hub.service.query_gateway.holder import Holder

ROWS = b'{"id": 1, "name": "a"}\n{"id": 2, "name": "b"}\n'
INSERT = "INSERT INTO landing FORMAT JSONEachRow"
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "lz4": lambda rows: pyarrow.compress(rows, codec="lz4", asbytes=True),
    "zstd": lambda rows: pyarrow.compress(rows, codec="zstd", asbytes=True),
}


@pytest.fixture(autouse=True)
def empty(house: House) -> None:
    house.clickhouse.query("TRUNCATE TABLE flights.landing")


def session() -> str:
    return secrets.token_hex(6)


def landed(house: House) -> list[str]:
    return house.clickhouse.query("SELECT id, name FROM flights.landing ORDER BY id").split("\n")[:-1]


def send(house: House, rows: bytes, token: str | None = None, **headers: str) -> httpx.Response:
    sent = {"Authorization": f"Bearer {token or house.united}", **headers}
    return house.client.post(house.url, params={"query": INSERT}, content=rows, headers=sent)


def client_of(house: House, token: str) -> Any:
    return clickhouse_connect.get_client(
        host="127.0.0.1", port=house.port, username="x", password=token, database="flights"
    )


@pytest.mark.parametrize("packed", PACKED)
def test_rows_come_packed(house: House, packed: str) -> None:
    answer = send(house, PACKED[packed](ROWS), **{"Content-Encoding": packed})
    assert answer.status_code == 200, answer.text
    assert landed(house) == ["1\ta", "2\tb"]


def test_clickhouse_connect_inserts_and_keeps_a_temporary_table(house: House) -> None:
    client = client_of(house, house.united)
    client.insert("landing", [[1, "a"], [2, "it's"]], column_names=["id", "name"])
    client.command("CREATE TEMPORARY TABLE wanted (id UInt32)")
    client.insert("wanted", [[2], [3]], column_names=["id"])
    found = client.query("SELECT name FROM landing WHERE id IN (SELECT id FROM wanted)").result_rows
    assert found == [("it's",)]
    client.command("SET max_threads = 1")
    assert client.query("SELECT getSetting('max_threads')").result_rows == [(1,)]
    client.close()


def test_rows_that_are_wrong_are_told_of(house: House) -> None:
    answer = send(house, b'{"id": "no number", "name": "a"}')
    assert answer.status_code == 400
    assert "id" in answer.text
    assert landed(house) == []


def test_the_same_rows_are_written_once_by_their_token(house: House) -> None:
    for _ in range(2):
        house.ask("INSERT INTO landing VALUES (1, 'a')", insert_deduplication_token="t").raise_for_status()
    assert landed(house) == ["1\ta"]


def test_what_nobody_started_in_person_does_not_write(house: House) -> None:
    class_id = house.claims("united-analyst", "united").access_class
    for purpose, subject in ((RUN, "united-analyst"), (VIEW, class_subject(class_id))):
        token = house.token("united-analyst", "united", purpose=purpose, object="x", subject=subject)
        answer = send(house, ROWS, token)
        assert answer.status_code == 403, answer.text
        assert "a person runs" in answer.text
    assert landed(house) == []


def test_a_run_of_a_persons_own_notebook_writes(house: House) -> None:
    token = house.token("united-analyst", "united", purpose=RUN, object="run:x", writes=True)
    assert send(house, ROWS, token).status_code == 200
    assert len(landed(house)) == 2


def test_another_tenant_and_the_platforms_admin_do_not_write(house: House) -> None:
    for token in (house.delta, house.admin):
        answer = send(house, ROWS, token)
        assert answer.status_code == 403, answer.text
        assert "No role of yours writes" in answer.text
    assert landed(house) == []


def test_what_only_reads_runs_read_only(house: House) -> None:
    assert house.ask("SELECT getSetting('readonly')").text == "2\n"
    assert house.ask("SELECT getSetting('readonly')", token=house.delta).text == "2\n"


def test_a_session_is_its_holders_alone(house: House) -> None:
    """Colleagues share a ClickHouse user: the name of a session must not be enough."""
    name = session()
    house.ask("CREATE TEMPORARY TABLE mine AS SELECT 7 AS x", session_id=name).raise_for_status()
    house.ask("SET max_threads = 1", session_id=name).raise_for_status()
    assert house.ask("SELECT x FROM mine", session_id=name).text == "7\n"
    mine = house.claims("united-analyst", "united")
    second = house.token("united-second", "united", access_class=mine.access_class)
    prefixed = _names(house, name)
    for token in (second, house.delta, house.admin, house.token("united-analyst", "united", object="other")):
        for given in (name, *prefixed):
            answer = house.ask("SELECT x FROM mine", token=token, session_id=given)
            assert answer.status_code == 404, answer.text
        there = house.ask("SELECT 1", token=token, session_id=name + "x", session_check="1")
        assert "SESSION_NOT_FOUND" in there.text
    assert house.ask("SELECT x FROM mine").status_code == 404


def _names(house: House, name: str) -> list[str]:
    """Return the names under which ClickHouse knows a session, which nobody should be able to use."""
    claims = house.claims("united-analyst", "united")
    holder = Holder(claims, house.plan.classes[claims.access_class])
    return [f"nh-{holder.name}-{name}"]


def test_a_renewed_token_finds_its_session(house: House) -> None:
    name = session()
    house.ask("CREATE TEMPORARY TABLE mine AS SELECT 7 AS x", session_id=name).raise_for_status()
    again = house.token("united-analyst", "united", jti="another")
    assert house.ask("SELECT x FROM mine", token=again, session_id=name).text == "7\n"


def test_a_session_ends_when_told(house: House) -> None:
    name = session()
    house.ask("SET max_threads = 1", session_id=name).raise_for_status()
    assert house.ask("SELECT 1", session_id=name, session_check="1").status_code == 200
    house.ask("SELECT 1", session_id=name, close_session="1").raise_for_status()
    assert "SESSION_NOT_FOUND" in house.ask("SELECT 1", session_id=name, session_check="1").text


def test_limits_hold_in_a_session(house: House) -> None:
    name = session()
    answer = house.ask("SET max_result_rows = 100000000000", session_id=name)
    assert "max_result_rows" in answer.text
    answer = house.ask("SET max_memory_usage = 0", session_id=name)
    assert answer.status_code >= 400, answer.text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"session_id": "a b"}, "session_id"),
        ({"session_id": "a\n"}, "session_id"),
        ({"session_id": "x", "session_timeout": "0"}, "session_timeout"),
        ({"session_id": "x", "session_timeout": "99999"}, "session_timeout"),
        ({"session_id": "x", "close_session": "2"}, "0 or 1"),
    ],
)
def test_a_session_is_named_plainly(house: House, given: dict[str, str], said: str) -> None:
    answer = house.ask("SELECT 1", **given)
    assert answer.status_code == 400
    assert said in answer.text


def test_dashboards_keep_nothing(house: House) -> None:
    class_id = house.claims("united-analyst", "united").access_class
    token = house.token(
        "united-analyst", "united", purpose=VIEW, subject=class_subject(class_id), object="dashboard:x"
    )
    answer = house.ask("SELECT 1", token=token, session_id="x")
    assert answer.status_code == 403
    assert "keeps nothing" in answer.text


def test_a_temporary_table_hides_no_table_that_stays(house: House) -> None:
    """Or rows meant for the one would be counted as the other's."""
    answer = house.ask("CREATE TEMPORARY TABLE landing (id UInt32, name String)", session_id=session())
    assert answer.status_code == 403
    assert "otherwise" in answer.text


def test_an_insert_is_cut_off_with_its_client_and_leaves_no_statement(house: House) -> None:
    """The head says more rows than come: nothing runs before a request is whole."""
    head = f"POST /?query={quote(INSERT)} HTTP/1.1\r\nHost: x\r\nX-ClickHouse-Key: {house.united}\r\n"
    with socket.create_connection(("127.0.0.1", house.port)) as connection:
        connection.sendall(f"{head}Content-Length: 1000\r\n\r\n".encode() + ROWS)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1000) == b""
    assert landed(house) == []


def test_more_rows_than_a_statement_may_be_long(house: House) -> None:
    rows = b"".join(b'{"id": %d, "name": "%s"}\n' % (n, b"x" * 100) for n in range(200_000))
    assert len(rows) > 20 * 2**20
    assert send(house, rows).status_code == 200
    assert house.clickhouse.query("SELECT count() FROM flights.landing") == "200000\n"


@pytest.mark.parametrize(
    ("token", "size", "status"), [("good", 65 * 2**20, 413), ("bad", 2 * 2**20, 401), ("", 2 * 2**20, 401)]
)
def test_large_bodies_are_taken_from_who_is_known(house: House, token: str, size: int, status: int) -> None:
    """And only up to a size; a stranger learns it before all has come."""
    key = house.united if token == "good" else token
    headers = f"X-ClickHouse-Key: {key}\r\n" if key else ""
    head = f"POST /?query={quote(INSERT)} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {size}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", house.port), timeout=20) as connection:
        with contextlib.suppress(ConnectionError):  # refused before the end
            connection.sendall(head.encode() + b"x" * size)
        with contextlib.suppress(ConnectionError):
            assert f" {status} ".encode() in connection.recv(100)
    assert landed(house) == []
