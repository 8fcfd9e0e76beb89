"""A topic of Kafka becomes rows: exactly as sent, nothing lost, whatever happens to ClickHouse."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from contracts.kafka import Kafka
from notehouse_core.errors import Invalid
from notehouse_hub.embedded.standalone import RunningClickHouse, embedded_clickhouse, engine_folder
from notehouse_hub.sample.departures import DEPARTURES
from notehouse_hub.sample.stream import follow
from notehouse_hub.sample.warehouse import Warehouse

TOPIC = DEPARTURES.topic


@pytest.fixture
def kafka() -> Kafka:
    return Kafka()


@pytest.fixture
def clickhouse() -> Iterator[Callable[[], AbstractContextManager[RunningClickHouse]]]:
    """A ClickHouse that can be started again on the same data."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with engine_folder() as folder:
        yield lambda: embedded_clickhouse(folder, port)


def departure(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "carrier": "UA",
        "flight": number % 65_536,
        "tailnum": f"N{number}" if number % 7 else None,
        "origin": "EWR",
        "dest": "Zürich 'Kloten' \\ \t✈",
        "scheduled": "2013-07-01T05:15:00-04:00",
        "delay": number % 50 - 10 if number % 5 else None,
    } | changes


def reading(server: RunningClickHouse, kafka: Kafka) -> None:
    follow(Warehouse(server.url, server.headers), DEPARTURES, kafka.brokers)


def counted(server: RunningClickHouse, table: str) -> int:
    return int(server.query(f"SELECT count() FROM live.{table} FINAL"))


def wait(server: RunningClickHouse, rows: int, table: str = "departures") -> None:
    deadline = time.monotonic() + 40
    while counted(server, table) < rows and time.monotonic() < deadline:
        time.sleep(0.2)
    assert counted(server, table) == rows


def test_rows_arrive_exactly_as_sent(clickhouse: Any, kafka: Kafka) -> None:
    sent = [departure(number) for number in range(1, 3001)]
    kafka.send(TOPIC, sent)
    with clickhouse() as server:
        reading(server, kafka)
        wait(server, 3000)
        answer = server.query(
            "SELECT carrier, flight, tailnum, origin, dest, formatDateTime(scheduled, '%FT%T-04:00') AS scheduled, "
            "delay FROM live.departures FINAL ORDER BY flight FORMAT JSONEachRow"
        )
        assert [json.loads(line) for line in answer.splitlines()] == sent
        assert server.query("SELECT uniqExact(partition, offset) FROM live.departures FINAL") == "3000\n"
        assert counted(server, "departures_rejected") == 0


def test_bad_messages_are_kept_with_their_reason_and_stop_nobody(clickhouse: Any, kafka: Kafka) -> None:
    bad = [b"not json", b'{"carrier": "UA"', b'{"flight": "many", "carrier": "UA"}', b"\xff\x00\xfe", b"{}"]
    kafka.send(TOPIC, [departure(1), *bad, departure(2), departure(3, dest=None)])
    with clickhouse() as server:
        reading(server, kafka)
        wait(server, 2)
        wait(server, 6, "departures_rejected")
        answer = server.query("SELECT hex(message), error FROM live.departures_rejected FINAL")
        errors = {
            bytes.fromhex(message): error
            for message, error in (line.split("\t") for line in answer.splitlines())
        }
        unread = {message: error for message, error in errors.items() if "There is no" not in error}
        assert unread.keys() == set(bad[:4])
        assert all(unread.values())
        lacking = {error: json.loads(message) for message, error in errors.items() if message not in unread}
        assert lacking["There is no dest."]["flight"] == 3
        assert lacking["There is no carrier."]["flight"] is None


def test_a_new_start_goes_on_where_it_was(clickhouse: Any, kafka: Kafka) -> None:
    with clickhouse() as server:
        reading(server, kafka)
        kafka.send(TOPIC, [departure(number) for number in range(1, 101)])
        wait(server, 100)
    kafka.send(TOPIC, [departure(number) for number in range(101, 201)])
    with clickhouse() as server:
        wait(server, 200)
        assert server.query("SELECT count() FROM live.departures") == "200\n"


def test_a_kill_loses_nothing_and_doubles_nothing(clickhouse: Any, kafka: Kafka) -> None:
    with clickhouse() as server:
        reading(server, kafka)
        kafka.send(TOPIC, [departure(number) for number in range(1, 20_001)])
        while counted(server, "departures") == 0:
            time.sleep(0.05)
        server.process.kill()
        server.process.wait()
    with clickhouse() as server:
        wait(server, 20_000)
        kafka.send(TOPIC, [departure(30_000)])
        wait(server, 20_001)


def test_reading_can_be_set_up_again_and_stopped(clickhouse: Any, kafka: Kafka) -> None:
    with clickhouse() as server:
        for number in (1, 2):
            reading(server, kafka)
            kafka.send(TOPIC, [departure(number)])
            wait(server, number)
        follow(Warehouse(server.url, server.headers), DEPARTURES, "")
        assert server.query("SELECT count() FROM system.tables WHERE database = 'intake'") == "0\n"
        kafka.send(TOPIC, [departure(3)])
        reading(server, kafka)
        wait(server, 3)


@pytest.mark.parametrize("brokers", ["kafka", "kafka:9092' SETTINGS x = '1", "a:1;b:2", "a:1,"])
def test_strange_brokers_are_refused(brokers: str) -> None:
    with pytest.raises(Invalid):
        DEPARTURES.start(brokers)
