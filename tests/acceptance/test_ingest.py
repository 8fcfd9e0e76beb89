"""Rows that come in by the notebooks that ship: each once, however often they run, and the bad ones with their reasons."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer

from acceptance.lab_kernel import LabKernel
from acceptance.platform import Person, Platform, run_notebook
from notehouse_core.paths import shared

People = Callable[..., Person]

WEDNESDAY = b"flight,day,origin,minutes\n2001,2013-01-03,SFO,7\n2002,2013-01-03,SFO,late\n"
REASONS = {
    "day: Invalid isoformat string: 'yesterday'",
    "minutes: invalid literal for int() with base 10: 'many'",
    "flight: 99999 is not from 1 to 65535",
    "origin: 'Newark' is no code of an airport",
    "flight: it is missing",
}


@pytest.fixture
def api(person: People) -> Any:
    with person("united-analyst").api() as one:
        yield one


def run(api: httpx.Client, name: str) -> None:
    """Run a notebook of notebooks/ingest as its schedule would."""
    content = json.loads((shared("notebooks") / "ingest" / name).read_text())
    run_notebook(api, f"ingest {name}", content)


def rows(api: httpx.Client, sql: str) -> list[list[Any]]:
    answer = api.post("queries", json={"data_source": "landing", "sql": sql})
    found: list[list[Any]] = answer.raise_for_status().json()["rows"]
    return found


def test_files_come_in_once(api: httpx.Client) -> None:
    for _ in range(2):
        run(api, "files.ipynb")
    assert rows(api, "SELECT flight, origin, minutes, file FROM delays ORDER BY flight") == [
        [725, "JFK", -1, "tuesday.parquet"],
        [1545, "EWR", 2, "monday.csv"],
        [1714, "LGA", 4, "monday.csv"],
    ]
    rejected = rows(api, "SELECT reason FROM rejected WHERE source IN ('monday.csv', 'tuesday.parquet')")
    assert sorted(reason for (reason,) in rejected) == sorted(REASONS)


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """Files in object storage: its address for pyarrow."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1", **keys)
    client.create_bucket(Bucket="house")
    client.put_object(Bucket="house", Key="in/wednesday.csv", Body=WEDNESDAY)
    yield f"s3://house/in?scheme=http&endpoint_override={host}:{port}&region=us-east-1"
    server.stop()


def test_files_of_a_bucket_come_in_once(
    platform: Platform, person: People, api: httpx.Client, bucket: str
) -> None:
    """In JupyterLab: what runs by a schedule reaches the query gateway and the API only."""
    notebook = json.loads((shared("notebooks") / "ingest" / "files.ipynb").read_text())
    cells = ["".join(one["source"]) for one in notebook["cells"] if one["cell_type"] == "code"]
    parameters = next(one for one in cells if one.startswith('folder = ""'))
    with LabKernel(platform, person("united-analyst")) as kernel:
        kernel.run("import os; os.environ.update(AWS_ACCESS_KEY_ID='key', AWS_SECRET_ACCESS_KEY='secret')")
        for code in 2 * [f"folder = {bucket!r}" if one == parameters else one for one in cells]:
            assert "Traceback" not in (said := kernel.run(code)), said
    assert rows(api, "SELECT flight, origin, minutes FROM delays WHERE file = 'wednesday.csv'") == [
        [2001, "SFO", 7]
    ]
    rejected = rows(api, "SELECT reason FROM rejected WHERE source = 'wednesday.csv'")
    assert rejected == [["minutes: invalid literal for int() with base 10: 'late'"]]


def test_postgres_comes_in_once(api: httpx.Client) -> None:
    for _ in range(2):
        run(api, "postgres.ipynb")
    ((here, different, there),) = rows(
        api, "SELECT count(), uniqExact(faa), (SELECT count() FROM metadata_demo.airports) FROM airports"
    )
    assert int(here) == int(different) == int(there) > 1000


def test_nobody_else_writes_or_reads_there(person: People) -> None:
    with person("delta-analyst").api() as api:
        answer = api.post(
            "queries", json={"data_source": "landing", "sql": "SELECT * FROM landing_united.delays"}
        )
        assert answer.status_code == 422, answer.text
