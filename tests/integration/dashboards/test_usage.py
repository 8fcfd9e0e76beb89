"""Who looks at a dashboard and what it costs, told to those who may edit it; a page with tabs and key figures."""

from __future__ import annotations

import time

import nbformat
from playwright.sync_api import expect

from integration.dashboards.conftest import PREFIX, Shop

SQL = "%%sql\nSELECT carrier, count() AS flights FROM flights GROUP BY carrier"
KPIS = "kpis(kpi(1234.5, 'Flights', before=1000, trend=[1, 3, 2], decimals=1), kpi(3, 'Late', good='down', before=2))"


def test_views_cost_and_slow_tiles_are_counted(shop: Shop) -> None:
    tile = {"notehouse": {"tile": {"w": 6, "title": "By carrier", "tab": "Tables"}}}
    figures = {"notehouse": {"tile": {"title": "Figures", "tab": "Figures"}}}
    shop.publish(
        "used",
        nbformat.v4.new_code_cell(KPIS, id="figures", metadata=figures),
        nbformat.v4.new_code_cell(SQL, id="carriers", metadata=tile),
    )
    page = shop.context("viewer").new_page()
    page.goto(f"{shop.url}{PREFIX}/united/used")
    frame = page.frame_locator("#dashboard")
    expect(frame.get_by_text("1,234.5")).to_be_visible(timeout=60_000)
    expect(frame.get_by_text("By carrier")).to_be_hidden()
    frame.get_by_role("tab", name="Figures").press("ArrowRight")
    expect(frame.get_by_text("By carrier")).to_be_visible()
    expect(frame.get_by_text("1,234.5")).to_be_hidden()
    page.context.close()
    analyst, chief = shop.place.as_("analyst"), shop.place.as_("chief")
    deadline = time.monotonic() + 30  # events are written in batches
    while not (told := analyst.ok("GET", "/dashboards/united:used/usage"))["views"]:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert (told["views"], told["viewers"], len(told["by_day"])) == (1, 1, 1)
    assert {one["cell"] for one in told["tiles"]} == {"figures", "carriers"}
    assert {one["title"] for one in told["tiles"]} >= {"By carrier"}
    shop.place.clickhouse.query("SYSTEM FLUSH LOGS")
    told = analyst.ok("GET", "/dashboards/united:used/usage")
    assert told["queries"] >= 1
    assert told["rows_read"] > 0
    (look,) = [
        one
        for one in chief.ok("GET", "/tenants/united/dashboard-usage")["items"]
        if one["dashboard"] == "united:used"
    ]
    assert (look["views"], look["is_unused"]) == (1, False)
    shop.place.house.rows(
        "UPDATE dashboards SET updated_at = now() - interval '100 days' WHERE slug = 'used'; "
        "UPDATE dashboard_versions SET created_at = now() - interval '100 days'"
    )
    shop.place.clickhouse.query(
        "ALTER TABLE notehouse.dashboard_events DELETE WHERE dashboard = 'used' SETTINGS mutations_sync = 1"
    )
    (look,) = [
        one
        for one in chief.ok("GET", "/tenants/united/dashboard-usage")["items"]
        if one["dashboard"] == "united:used"
    ]
    assert (look["last_opened_at"], look["is_unused"]) == (None, True)
    assert shop.place.as_("viewer").call("GET", "/dashboards/united:used/usage").status_code in {403, 404}
