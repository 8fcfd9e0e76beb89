"""Whoever may not see a dashboard asks for it; its owner is told once, and lets them in or not."""

from __future__ import annotations

import nbformat
import pytest
from playwright.sync_api import expect

from integration.dashboards.conftest import PREFIX, Shop


@pytest.fixture(scope="module")
def closed(shop: Shop) -> str:
    return shop.publish("closed", nbformat.v4.new_code_cell("print('Behind a door')"), public=False)


def test_somebody_asks_and_is_let_in(shop: Shop, closed: str) -> None:
    shop.place.house.rows("UPDATE users SET email = 'analyst@united.example' WHERE username = 'analyst'")
    page = shop.context("viewer").new_page()
    for slug in ("closed", "not-there"):
        page.goto(f"{shop.url}{PREFIX}/united/{slug}")
        page.fill("[name=message]", "For the <board>")
        page.click("text=Ask for access")
        expect(page.locator("[data-ask] [role=status]")).to_contain_text("If there is such a dashboard")
    viewer, analyst = shop.place.as_("viewer"), shop.place.as_("analyst")
    viewer.ok("POST", f"/dashboards/{closed}/access-requests", {"message": "again"})
    owed = shop.place.house.rows("SELECT subject, address FROM deliveries WHERE subject LIKE '%would like%'")
    assert [tuple(row) for row in owed] == [("viewer would like to see Closed", "analyst@united.example")]
    (asked,) = analyst.ok("GET", f"/dashboards/{closed}/access-requests")["items"]
    assert (asked["username"], asked["message"]) == ("viewer", "For the <board>")
    author = shop.context("analyst").new_page()
    author.goto(f"{shop.url}/services/notehouse/dashboards/{closed}")
    author.click("text=Let in")
    expect(author.locator("text=viewer may see it now")).to_be_visible()
    author.context.close()
    page.goto(f"{shop.url}{PREFIX}/united/closed")
    page.frame_locator("#dashboard").locator("text=Behind a door").wait_for(timeout=60_000)
    page.context.close()
    assert analyst.ok("GET", f"/dashboards/{closed}/access-requests")["items"] == []
    answer = viewer.call("POST", f"/dashboards/{closed}/access-requests", {})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")


def test_people_of_other_tenants_find_out_nothing(shop: Shop, closed: str) -> None:
    stranger = shop.place.as_("delta-analyst")
    asked = [
        stranger.call("POST", f"/dashboards/{one}/access-requests", {"message": "x"})
        for one in (closed, "united:not-there", "nobody:nothing")
    ]
    assert {(one.status_code, one.text) for one in asked} == {(202, asked[0].text)}
    assert stranger.call("GET", f"/dashboards/{closed}/access-requests").status_code == 404
    owed = shop.place.house.rows("SELECT count(*) FROM deliveries WHERE subject LIKE 'delta-analyst%'")
    assert owed[0][0] == 0
