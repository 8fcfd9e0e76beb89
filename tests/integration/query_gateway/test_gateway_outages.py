"""What a gateway does while Postgres or ClickHouse is away, and when it is itself stopped and started."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx

from integration.query_gateway.test_gateway_lives import SLOW, raw, running, until
from notehouse_hub.embedded import accounts


def family(pid: int) -> list[int]:
    """Return a process and its children."""
    stats = (one.read_text().rpartition(") ")[2].split() for one in Path("/proc").glob("[0-9]*/stat"))
    pids = [int(one.parent.name) for one in Path("/proc").glob("[0-9]*/stat")]
    return [pid, *(child for child, stat in zip(pids, stats, strict=False) if int(stat[1]) == pid)]


def signal_all(pids: list[int], number: signal.Signals) -> None:
    """A connection's own process may have ended since it was listed."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def test_postgres_away_for_long_closes_the_gateway_and_comes_back(own_house: Any) -> None:
    house = own_house
    stopped = family(house.postgres.process.pid)
    signal_all(stopped, signal.SIGSTOP)
    assert house.ask("SELECT 1").text == "1\n"
    until(lambda: house.ask("SELECT 1").status_code == 503, 25, "it still opens")
    assert "Your rights cannot be checked now" in house.ask("SELECT 1").text
    assert httpx.get(f"{house.url}/health/ready").json()["missing"] == ["rights"]
    signal_all(stopped, signal.SIGCONT)
    until(lambda: house.ask("SELECT 1").status_code == 200, 15, "it does not open again")


def test_clickhouse_that_starts_again_is_waited_for(own_house: Any) -> None:
    house = own_house
    assert house.ask("SELECT 1").text == "1\n"
    house.clickhouse.process.send_signal(signal.SIGKILL)
    house.clickhouse.process.wait()
    answers: list[httpx.Response] = []
    threads = [
        threading.Thread(target=lambda: answers.append(house.ask("SELECT count() FROM flights")))
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    time.sleep(1)
    again = restarted(house)
    try:
        for thread in threads:
            thread.join()
        assert [answer.text for answer in answers] == ["10000\n"] * 5
    finally:
        again.terminate()
        again.wait()
    began = time.monotonic()
    refused = house.ask("SELECT 1")
    assert refused.status_code == 503
    assert "ClickHouse does not answer" in refused.text
    assert refused.headers["Retry-After"]
    assert time.monotonic() - began < 12


def restarted(house: Any) -> subprocess.Popen[bytes]:
    """Start the ClickHouse of a house again, on its port and with its key."""
    process = house.clickhouse.process
    uid = accounts.engine_users(accounts.DEFAULT_UID_BASE).clickhouse
    user: dict[str, Any] = {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}
    environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONPATH": os.pathsep.join(sys.path)}
    started = subprocess.Popen(
        process.args,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd="/",
        umask=0o077,
        env=environment,
        **user,
    )
    assert started.stdin is not None
    started.stdin.write(house.clickhouse.key.encode() + b"\n")
    started.stdin.close()
    return started


def test_the_gateway_stops_and_starts_in_moments(own_house: Any) -> None:
    house = own_house
    connection = raw(house, SLOW, "left")
    until(lambda: running(house, "left"), 5, "it did not begin")
    began = time.monotonic()
    house.stop_gateway()
    assert house.process.returncode == 0
    assert time.monotonic() - began < 6
    until(lambda: not running(house, "left"), 2, "its query runs on")
    connection.close()
    house.start_gateway()
    assert house.ask("SELECT 1").text == "1\n"
    assert not [line for line in house.log().splitlines() if not line.startswith("{")]
    assert all(json.loads(line)["level"] != "error" for line in house.log().splitlines())
