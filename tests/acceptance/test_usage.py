"""What people do can be seen by the platform admin, and by nobody else."""

from __future__ import annotations

from collections.abc import Callable
from random import choice
from string import ascii_lowercase
from typing import Any

from acceptance.platform import Person, Platform, eventually

People = Callable[..., Person]
_QUERIES = """
SELECT user, tenant, purpose, rows_read, bytes_read, milliseconds, status FROM notehouse.query_metrics
WHERE statement LIKE '%{mark}%'
"""


def _asked(api: Any, sql: str) -> list[list[Any]]:
    rows: list[list[Any]] = api.post("queries", json={"sql": sql}).raise_for_status().json()["rows"]
    return rows


def test_a_query_is_in_the_metrics_with_who_asked_and_what_it_cost(person: People) -> None:
    mark = "".join(choice(ascii_lowercase) for _ in range(12))  # numbers would be left out of the statement
    with person("united-analyst").api() as api:
        _asked(api, f"SELECT count() AS {mark} FROM flights")
    with person("admin").api() as api:
        [row] = eventually(lambda: _asked(api, _QUERIES.format(mark=mark)), 20, "it is in the metrics")
    assert row[:3] == ["united-analyst", "united", "interactive"]
    assert row[6] == "finished"
    assert all(int(number) >= 0 for number in row[3:6])
    assert int(row[3]) > 0


def test_a_view_and_what_people_do_are_counted(person: People, platform: Platform) -> None:
    viewer = person("united-viewer")
    viewer.page.goto(f"{platform.url}/services/dashboards/united/punctuality")
    viewer.page.wait_for_selector("#dashboard")
    views = "SELECT count() FROM notehouse.dashboard_events WHERE user = 'united-viewer' AND event = 'view'"
    acts = "SELECT count() FROM notehouse.user_activity WHERE user = 'united-viewer' AND tenant = 'united'"
    viewer.page.goto(f"{platform.url}/services/notehouse/")
    with person("admin").api() as api:
        eventually(lambda: int(_asked(api, views)[0][0]), 20, "the view is counted")
        eventually(lambda: int(_asked(api, acts)[0][0]), 20, "the page is counted")


def test_a_tenant_reads_no_usage_of_others(person: People) -> None:
    with person("united-analyst").api() as api:
        for table in ("query_metrics", "dashboard_events", "user_activity"):
            answer = api.post("queries", json={"sql": f"SELECT count() FROM notehouse.{table}"})
            assert answer.status_code == 422, answer.text
