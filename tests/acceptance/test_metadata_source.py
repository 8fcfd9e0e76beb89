"""The demo's Postgres is a source like any other: same rights, joined with the warehouse, and nothing more of it seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from acceptance.platform import Person

People = Callable[..., Person]

JOINED = (
    "SELECT a.name, f.flights = (SELECT count() FROM flights.flights) FROM metadata_demo.airlines AS a "
    "INNER JOIN (SELECT carrier, count() AS flights FROM flights.flights GROUP BY carrier) AS f USING (carrier)"
)


def asked(api: httpx.Client, sql: str) -> httpx.Response:
    return api.post("queries", json={"data_source": "metadata_demo", "sql": sql})


def rows(api: httpx.Client, sql: str) -> list[list[Any]]:
    return list(asked(api, sql).raise_for_status().json()["rows"])


def test_it_has_the_same_airlines_and_airports(person: People) -> None:
    for name in ("united-analyst", "admin"):
        with person(name).api() as api:
            listed = {one["name"]: one["type"] for one in api.get("data-sources").json()["items"]}
            assert listed["metadata_demo"] == "postgresql"
            assert [[int(value) for value in row] for row in rows(api, "SELECT count() FROM airlines")] == [
                [16]
            ]
            missing = (
                "SELECT count() FROM (SELECT faa, name, tzone FROM flights.airports "
                "EXCEPT SELECT faa, name, tzone FROM airports)"
            )
            assert [[int(value) for value in row] for row in rows(api, missing)] == [[0]]


def test_it_joins_the_warehouse_under_the_same_rights(person: People) -> None:
    with person("delta-analyst").api() as api:
        assert [[name, int(all_of_them)] for name, all_of_them in rows(api, JOINED)] == [
            ["Delta Air Lines Inc.", 1]
        ]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO airlines VALUES ('XX', 'x')",
        "SELECT * FROM postgresql('localhost:5432', 'notehouse', 'users', 'notehouse_app', 'x')",
        "SELECT * FROM metadata_demo.pg_authid",
    ],
)
def test_nothing_else_of_postgres_is_reached(person: People, sql: str) -> None:
    with person("united-analyst").api() as api:
        answer = asked(api, sql)
        assert answer.status_code in {403, 422}, answer.text
        assert "notehouse_demo_reader" not in answer.text


def test_the_password_of_the_source_is_shown_to_nobody(person: People) -> None:
    questions = ("SHOW CREATE DATABASE metadata_demo", "SELECT engine_full FROM system.databases")
    for name in ("united-analyst", "admin"):
        with person(name).api() as api:
            shown = [asked(api, sql).text for sql in questions]
            assert all("'notehouse_demo_reader', '" not in text or "'[HIDDEN]'" in text for text in shown)
