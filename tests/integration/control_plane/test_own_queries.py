"""Somebody's own queries: watched and ended while they run, listed when they have ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from integration.accounts.conftest import API, Visitor
from notehouse_sql import commands
from notehouse_sql.errors import SqlError
from notehouse_sql.gateway import QueryGateway
from notehouse_sql.past import past_queries, used_words
from notehouse_sql.session import Session

SLOW = "SELECT sum(cityHash64(number)) FROM numbers(4900000000) SETTINGS max_threads = 1"


def ask(one: Visitor, url: str, body: dict[str, Any]) -> httpx.Response:
    """Ask in a thread of its own, which the visitor's client is not for."""
    headers = {"X-XSRFToken": one.xsrf}
    with httpx.Client(base_url=url, cookies=dict(one.client.cookies), headers=headers, timeout=60) as client:
        return client.post(f"{API}/queries", json=body)


def eventually(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_query_is_watched_and_ended_by_its_id_and_by_nobody_else(as_: Any, place: Any) -> None:
    analyst, path = as_("analyst"), "/queries/mine-1"
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask, analyst, place.url, {"sql": SLOW, "query_id": "mine-1"})
        eventually(
            lambda: analyst.call("GET", path).status_code == 200 and analyst.ok("GET", path)["read_rows"] > 0
        )
        for who in ("other", "chief", "delta-analyst"):
            assert as_(who).call("GET", path).status_code == 404
            assert as_(who).call("DELETE", path).status_code == 404
        assert as_("viewer").call("DELETE", path).status_code == 403
        assert analyst.ok("DELETE", path)["total_rows"] == 4_900_000_000
        assert asked.result(20).status_code == 422
        assert "cancelled" in asked.result().json()["error"]["message"]
    assert analyst.call("GET", path).status_code == 404


def test_ones_own_queries_are_listed_with_what_they_cost(as_: Any, place: Any) -> None:
    analyst = as_("analyst")
    ran = analyst.ok(
        "POST", "/queries", {"sql": "SELECT count() AS listed FROM flights WHERE hour < 5", "use_cache": True}
    )
    assert ran["statistics"]["cached"] is False
    analyst.call("POST", "/queries", {"sql": "SELECT listed FROM nowhere"})
    as_("other").ok("POST", "/queries", {"sql": "SELECT count() AS listed FROM airlines"})
    place.clickhouse.query("SYSTEM FLUSH LOGS")
    found = analyst.ok("GET", "/queries?search=LISTED&limit=50")
    failed, done = found["items"]
    assert found["pagination"] == {"page": 1, "limit": 50, "total": 2}
    assert (failed["status"], failed["error_code"]) == ("failed", 60)
    assert (done["status"], done["query_id"], done["rows_read"]) == ("finished", ran["query_id"], 2000)
    assert "hour < ?" in done["statement"]
    assert analyst.ok("GET", "/queries?search=LISTED&limit=1&page=2")["items"] == [done]
    assert analyst.call("GET", "/queries?sort=time").status_code == 400
    assert as_("viewer").call("GET", "/queries").status_code == 403
    assert as_("delta-analyst").ok("GET", "/queries?search=listed")["items"] == []


def test_a_kernel_lists_them_too(
    as_: Any, place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyst = as_("analyst")
    analyst.ok("POST", "/queries", {"sql": "SELECT count() AS of_before FROM flights"})
    place.clickhouse.query("SYSTEM FLUSH LOGS")
    file = tmp_path / "token"
    file.write_text(analyst.ok("POST", "/tokens", {"purpose": "interactive"})["token"])
    monkeypatch.setenv("NOTEHOUSE_API_URL", f"{place.url}{API}")
    session = Session({}, _gateway=QueryGateway(place.url, file))
    (found,) = past_queries(session, "of_before") or []
    assert found["rows_read"] == 2000
    told = commands.run(session, "history of_before", None)
    assert list(told.sql) == [found["statement"]]
    file.write_text("no token")
    with pytest.raises(SqlError, match="cannot be listed"):
        past_queries(session)
    file.write_text(analyst.ok("POST", "/tokens", {"purpose": "interactive"})["token"])
    assert used_words(session)["of_before"] == 1


def test_the_words_of_all_who_read_the_same_rows_are_counted_and_nobody_elses(as_: Any, place: Any) -> None:
    analyst, sql = as_("analyst"), "SELECT max(hour) AS {} FROM flights WHERE origin = 'secret_value'"
    for who, name in (("analyst", "mine_once"), ("other", "together"), ("chief", "together")):
        as_(who).ok("POST", "/queries", {"sql": sql.format(name)})
    as_("other").ok("POST", "/queries", {"sql": sql.format("theirs_once")})
    as_("delta-analyst").ok("POST", "/queries", {"sql": "SELECT 1 AS far_away, 1 AS together"})
    place.clickhouse.query("SYSTEM FLUSH LOGS")
    words = {one["word"]: one["queries"] for one in analyst.ok("GET", "/queries/words")["items"]}
    assert words["together"] == 2
    assert words["mine_once"] == 1
    assert words["hour"] >= 3
    assert not words.keys() & {"theirs_once", "far_away", "secret_value"}


@pytest.mark.parametrize("given", ["a b", "", "x" * 101, "a'b"])
def test_an_id_is_a_plain_word(as_: Any, given: str) -> None:
    assert as_("analyst").call("POST", "/queries", {"sql": "SELECT 1", "query_id": given}).status_code == 400
