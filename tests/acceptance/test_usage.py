"""What people do can be seen by the platform admin, and by nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
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


_EVENTS = """
SELECT event, user, version > 0, access_class != '', detail, milliseconds >= 0, length(request_id)
FROM notehouse.dashboard_events
WHERE tenant = 'united' AND dashboard = 'punctuality'
    AND user = 'united-viewer' AND time > parseDateTime64BestEffort('{since}')
"""


def test_what_people_do_with_a_dashboard_is_counted_by_kind(person: People, platform: Platform) -> None:
    since = datetime.now(UTC).isoformat()
    viewer = person("united-viewer", viewport={"width": 1280, "height": 900})
    address = f"{platform.url}/services/dashboards/united/punctuality"
    page, frame = viewer.page, viewer.page.frame_locator("#dashboard")
    page.goto(address)
    frame.locator("text=arrived 15 minutes late or more").wait_for(timeout=60_000)
    handle = frame.locator(".noUi-handle").first
    handle.scroll_into_view_if_needed()
    handle.focus()
    page.keyboard.press("ArrowRight")
    frame.locator("text=arrived 20 minutes late or more").wait_for(timeout=90_000)
    page.goto(f"{address}?first_month=12")
    page.wait_for_selector("[data-fresh] time:not(:empty)", timeout=90_000)
    page.click("text=Details")
    tile = str(page.locator("text=Where delays begin as CSV").get_attribute("href"))
    tile = tile.split("tile=")[1].split("&", maxsplit=1)[0]
    export = f"{platform.api}/dashboards/united:punctuality/export"
    viewer.context.request.get(f"{export}?format=html")
    viewer.context.request.get(f"{export}?format=csv&tile={tile}")
    wanted = {("view", ""), ("filter", "first_month"), ("live", ""), ("export", "html"), ("csv", tile)}
    with person("admin").api() as api:
        rows = eventually(lambda: _all_of(wanted, _asked(api, _EVENTS.format(since=since))), 30, str(wanted))
    for row in rows:
        assert row[1:4] + row[5:6] == ["united-viewer", 1, 1, 1], row
        assert int(row[6]) >= 8, "the request's id leads to the log"


def _all_of(wanted: set[tuple[str, str]], rows: list[list[Any]]) -> list[list[Any]] | None:
    return rows if wanted <= {(row[0], row[4]) for row in rows} else None


def test_a_tenant_reads_no_usage_of_others(person: People) -> None:
    with person("united-analyst").api() as api:
        for table in ("query_metrics", "dashboard_events", "user_activity"):
            answer = api.post("queries", json={"sql": f"SELECT count() FROM notehouse.{table}"})
            assert answer.status_code == 422, answer.text
