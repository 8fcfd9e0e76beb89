"""The official JavaScript client speaks with the query gateway as with ClickHouse."""

import hashlib
import json
import subprocess
import time
from pathlib import Path

import pytest

from integration.query_gateway.conftest import House
from notehouse_hub.embedded import node_packages
from notehouse_hub.embedded.standalone import engines

CONTRACT = Path(__file__).parents[2] / "contracts" / "javascript_client"


@pytest.fixture(scope="module")
def packages() -> Path:
    """The client as its lock names it, fetched once for all runs."""
    lock = hashlib.sha256((CONTRACT / "package-lock.json").read_bytes()).hexdigest()[:12]
    target = engines() / f"javascript-client-{lock}"
    for _ in node_packages.install(CONTRACT, target):
        pass
    return target


def test_the_basic_flow(house: House, packages: Path) -> None:
    done = subprocess.run(
        [str(node_packages.node()), str(CONTRACT / "flow.js"), house.url, house.united],
        env={"NODE_PATH": str(packages / "node_modules")},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["ping"] is True
    assert [(row["carrier"], int(row["n"])) for row in seen["rows"]] == [("UA", 10_000)]
    assert seen["parameters"] == [{"s": "it's", "d": "2013-01-01", "a": [1, 2]}]
    assert (seen["wide"]["data"], seen["wide"]["rows"]) == ([{"x": 1}], 1)
    assert seen["streamed"] == 100_000
    assert seen["csv"].replace("\r", "") == '"a","b"\n1,2\n'
    assert seen["refused"] == {"code": "497", "type": "ACCESS_DENIED"}
    assert seen["aborted"] is True
    running = "SELECT count() FROM system.processes WHERE query_id LIKE '%aborted-by-javascript'"
    deadline = time.monotonic() + 0.5
    while house.clickhouse.query(running) != "0\n" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert house.clickhouse.query(running) == "0\n"
