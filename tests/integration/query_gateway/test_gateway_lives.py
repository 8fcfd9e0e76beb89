"""What happens over time: cancelling, progress, rights that change, engines that go away, many at once."""

import asyncio
import hashlib
import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from notehouse_core.tokens import Signer
from notehouse_hub.supervisor import signing

SLOW = "SELECT sum(sipHash64(number)) FROM numbers(4000000000) SETTINGS max_threads = 1"


def until(true: Callable[[], bool], seconds: float, what: str) -> float:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, what
        time.sleep(0.02)
    return time.monotonic() - began


def running(house: Any, query_id: str) -> bool:
    return "1" in house.clickhouse.query(
        f"SELECT count() FROM system.processes WHERE query_id LIKE '%-{query_id}'"
    )


def raw(house: Any, statement: str, query_id: str, token: str | None = None) -> socket.socket:
    """Send a statement over a socket of our own, to be closed at will."""
    connection = socket.create_connection(("127.0.0.1", house.port))
    head = f"POST /?query_id={query_id} HTTP/1.1\r\nHost: x\r\nX-ClickHouse-Key: {token or house.united}\r\n"
    connection.sendall(f"{head}Content-Length: {len(statement)}\r\n\r\n{statement}".encode())
    return connection


def all_of(connection: socket.socket) -> bytes:
    """Receive until nothing more comes for a moment."""
    connection.settimeout(1)
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except TimeoutError:
        pass
    return received


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    "statement",
    [
        SLOW,
        "SELECT * FROM numbers(4000000000)",
        "SELECT count() FROM flights AS a, flights AS b, numbers(1000) AS c WHERE sipHash64(a.day, b.day, c.number) = 0",
    ],
)
def test_a_client_that_goes_takes_its_query_with_it(house: Any, statement: str) -> None:
    connection = raw(house, statement, "gone")
    until(lambda: running(house, "gone"), 5, "it did not begin")
    connection.close()
    taken = until(lambda: not running(house, "gone"), 5, "it runs on")
    assert taken < 0.5


def test_what_a_client_had_when_it_went_is_counted(house: Any) -> None:
    connection = raw(house, "SELECT * FROM numbers(4000000000)", "half")
    assert connection.recv(65536)
    connection.close()
    until(lambda: '-half"' in house.log() and "statement left" in house.log(), 5, "nobody wrote it down")
    told = next(
        one for one in map(json.loads, house.log().splitlines()) if one["message"] == "statement left"
    )
    assert told["bytes"] > 0
    assert 'statements_total{outcome="left",code="0"}' in httpx.get(f"{house.url}/metrics").text


def test_progress_and_the_end_of_ones_own_query(house: Any) -> None:
    connection = raw(house, SLOW, "mine")
    until(lambda: running(house, "mine"), 5, "it did not begin")
    time.sleep(0.5)
    renewed = house.united
    seen = httpx.get(f"{house.url}/query/mine", headers=bearer(renewed)).json()
    assert seen["read_rows"] > 0
    assert seen["read_bytes"] == seen["read_rows"] * 8
    assert seen["total_rows"] == 4_000_000_000
    assert seen["elapsed_ms"] > 300
    full = seen["query_id"]
    others = (
        house.delta,
        house.admin,
        house.token("united-second", "united"),
        house.token("united-analyst", "united", object="x"),
    )
    for token in others:
        for query_id in ("mine", full):
            assert httpx.get(f"{house.url}/query/{query_id}", headers=bearer(token)).status_code == 404
            assert httpx.delete(f"{house.url}/query/{query_id}", headers=bearer(token)).status_code == 404
    assert running(house, "mine")
    assert httpx.delete(f"{house.url}/query/{full}").status_code == 401
    ended = httpx.delete(f"{house.url}/query/mine", headers=bearer(renewed))
    assert (ended.status_code, ended.json()["query_id"]) == (200, full)
    assert b"QUERY_WAS_CANCELLED" in all_of(connection)
    assert httpx.get(f"{house.url}/query/{full}", headers=bearer(renewed)).status_code == 404
    assert httpx.delete(f"{house.url}/query/x'%20OR%201", headers=bearer(renewed)).status_code == 400
    assert httpx.put(f"{house.url}/query/{full}", headers=bearer(renewed)).status_code == 405


def test_progress_comes_in_headers_before_the_answer(house: Any) -> None:
    statement = "SELECT sum(sipHash64(number)) FROM numbers(300000000) SETTINGS max_threads = 1"
    connection = socket.create_connection(("127.0.0.1", house.port))
    query = "send_progress_in_http_headers=1&http_headers_progress_interval_ms=50"
    head = f"POST /?{query} HTTP/1.1\r\nHost: x\r\nX-ClickHouse-Key: {house.united}\r\n"
    connection.sendall(f"{head}Content-Length: {len(statement)}\r\n\r\n{statement}".encode())
    first = connection.recv(65536)
    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\n" not in first
    while b"\r\n0\r\n\r\n" not in first:
        first += connection.recv(65536)
    assert first.count(b"X-ClickHouse-Progress: ") > 2


def test_many_requests_on_one_connection_and_at_once_before_answers(house: Any) -> None:
    connection = socket.create_connection(("127.0.0.1", house.port))
    for number in range(3):
        body = f"SELECT {number}"
        head = f"POST / HTTP/1.1\r\nHost: x\r\nX-ClickHouse-Key: {house.united}\r\n"
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    received = b""
    connection.settimeout(5)
    while received.count(b"\r\n0\r\n\r\n") < 3:
        received += connection.recv(65536)
    places = [received.index(f"\r\n{number}\n".encode()) for number in range(3)]
    assert places == sorted(places)


SMUGGLED = [
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nSELECT 1",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\nContent-Length: 9\r\n\r\nSELECT 12",
    b"POST / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    b"POST / HTTP/1.0\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"nonsense\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost : x\r\n\r\n",
    b"GET /?query=SELECT 1 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 2_000_000 + b"\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n" + b" " * 20_000_000,
]


@pytest.mark.parametrize("data", SMUGGLED, ids=range(len(SMUGGLED)))
def test_odd_framing_ends_the_connection(house: Any, data: bytes) -> None:
    connection = socket.create_connection(("127.0.0.1", house.port))
    connection.settimeout(10)
    received = b""
    try:
        connection.sendall(data)
        while part := connection.recv(65536):
            received += part
    except ConnectionError:
        pass
    assert received == b"" or received.startswith(b"HTTP/1.1 4"), received[:200]
    assert received.count(b"HTTP/1.1 ") <= 1
    assert house.ask("SELECT 1").text == "1\n"


def test_fifty_clients_at_once(house: Any) -> None:
    token, admin = house.united, house.admin

    async def all_of_them() -> list[str]:
        limits = httpx.Limits(max_connections=60)
        async with httpx.AsyncClient(limits=limits, timeout=60) as client:

            async def one(number: int) -> str:
                chosen = token if number % 2 else admin
                statement = f"SELECT count() + {number} - {number} FROM flights WHERE sleepEachRow(0) = 0"
                return (await client.post(house.url, content=statement, headers=bearer(chosen))).text

            return await asyncio.gather(*(one(number) for number in range(400)))

    answers = asyncio.run(all_of_them())
    assert set(answers[1::2]) == {"10000\n"}
    assert set(answers[0::2]) == {"30000\n"}


def test_one_holder_fills_only_its_own_places(house: Any) -> None:
    most = house.plan.class_of("united-analyst", "united").limits.concurrent_queries
    connections = [raw(house, SLOW, f"full{number}") for number in range(most + 3)]
    try:
        until(lambda: running(house, f"full{most - 1}"), 10, "not all began")
        began = time.monotonic()
        assert house.ask("SELECT 1", house.delta).text == "1\n"
        assert time.monotonic() - began < 3
        waiting = httpx.get(f"{house.url}/query/full{most + 2}", headers=bearer(house.united)).json()
        assert (waiting["read_rows"], waiting["total_rows"]) == (0, 0)
        assert (
            httpx.delete(f"{house.url}/query/full{most + 2}", headers=bearer(house.united)).status_code == 200
        )
        assert b"QUERY_WAS_CANCELLED" in all_of(connections[-1])
    finally:
        for connection in connections:
            connection.close()
    until(lambda: not running(house, "full0"), 5, "they run on")


def test_a_slow_reader_costs_little_memory(house: Any) -> None:
    def resident() -> int:
        lines = Path(f"/proc/{house.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024

    before = resident()
    connections = [raw(house, "SELECT * FROM numbers(40000000)", f"slow{number}") for number in range(5)]
    time.sleep(2)
    grown = resident() - before
    for connection in connections:
        connection.close()
    assert grown < 60


def test_a_large_answer_comes_whole(house: Any) -> None:
    with httpx.stream(
        "POST",
        house.url,
        content="SELECT number FROM numbers(20000000) FORMAT RowBinary",
        headers=bearer(house.united),
        timeout=60,
    ) as answer:
        assert sum(len(part) for part in answer.iter_bytes()) == 160_000_000


def read_slowly(stream: httpx.Response, answer: bytearray) -> None:
    """Read as a slow client: much is still on its way to it when an error comes."""
    for part in stream.iter_raw():
        answer.extend(part)
        time.sleep(0.003)


def test_an_error_in_the_middle_of_an_answer_is_not_taken_for_its_end(house: Any) -> None:
    answer = bytearray()
    statement = "SELECT throwIf(number = 30000000) FROM numbers(50000000)"
    headers = {**bearer(house.united), "Accept-Encoding": "identity"}
    with (
        httpx.stream("POST", house.url, content=statement, headers=headers) as stream,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        read_slowly(stream, answer)
    assert b"FUNCTION_THROW_IF_VALUE_IS_NON_ZERO" in answer


def test_a_right_taken_away_is_refused_at_once_and_its_queries_end(own_house: Any) -> None:
    house = own_house
    token = house.token("united-third", "united")
    second = house.token("united-second", "united")
    assert house.ask("SELECT count() FROM flights", token).text == "10000\n"
    connection = raw(house, SLOW, "late", token)
    until(lambda: running(house, "late"), 5, "it did not begin")
    house.execute(
        "UPDATE users SET is_active = false WHERE username = 'united-third'; NOTIFY notehouse_rights"
    )
    taken = until(
        lambda: house.ask("SELECT count() FROM flights", token).status_code == 403, 3, "it still opens"
    )
    assert taken < 1
    assert "Your rights have changed since this token was made" in house.ask("SELECT 1", token).text
    assert house.ask("SELECT count() FROM flights", second).text == "10000\n"
    until(lambda: not running(house, "late"), 3, "its query runs on")
    connection.close()
    run = house.token("united-second", "united", purpose="run")
    house.execute(
        "UPDATE permissions SET conditions = jsonb_build_object('row_filter', 'carrier = ''ZZ''') "
        "WHERE resource LIKE '%flights.flights'; NOTIFY notehouse_rights"
    )
    until(lambda: house.ask("SELECT 1", run).status_code == 403, 3, "the old class still opens")


def test_a_revoked_token_is_refused_within_a_second_and_its_queries_end(own_house: Any) -> None:
    token = own_house.united
    connection = raw(own_house, SLOW, "revoked", token)
    until(lambda: running(own_house, "revoked"), 5, "it did not begin")
    claims = jwt.decode(token, options={"verify_signature": False})
    digest = hashlib.sha256(token.encode()).hexdigest()
    own_house.execute(
        "INSERT INTO tokens (id, token_sha256, subject, purpose, issued_by, expires_at, revoked_at) VALUES "
        f"('{claims['jti']}', '{digest}', 'x', 'interactive', 'x', now() + interval '1 hour', now()); "
        "NOTIFY notehouse_rights"
    )
    taken = until(lambda: own_house.ask("SELECT 1", token).status_code == 401, 3, "it still opens")
    assert taken < 1
    until(lambda: not running(own_house, "revoked"), 1, "its query runs on")
    connection.close()
    refused = own_house.ask("SELECT 1", token)
    assert "revoked" in refused.text
    assert refused.headers["X-Notehouse-Token"] == "renew"
    assert own_house.ask("SELECT 1").text == "1\n"


def test_another_signing_key_is_picked_up_at_once(own_house: Any) -> None:
    before, file = own_house.united, own_house.folder / "verify-keys.json"
    private = signing.new_private_pem()
    key_file = own_house.folder / "next.pem"
    key_file.write_text(private)
    old, new = json.loads(file.read_text()), signing.verify_keys(private)
    [(kid, pem)] = old.items()
    file.write_text(json.dumps({kid: {"pem": pem, "until": time.time() + 3}, **new}))
    own_house.signer = Signer.from_file(key_file)
    assert own_house.ask("SELECT 1").text == "1\n"
    assert own_house.ask("SELECT 1", before).text == "1\n"
    until(lambda: own_house.ask("SELECT 1", before).status_code == 401, 6, "the old key counts for ever")
    assert own_house.ask("SELECT 1").text == "1\n"
