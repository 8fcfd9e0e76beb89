"""Rows that come in by the notebooks that ship: each once, however often they run, and the bad ones with their reasons."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from acceptance.platform import Person, run_notebook
from notehouse_core.paths import shared

People = Callable[..., Person]

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
