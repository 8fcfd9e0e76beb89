"""The page around a dashboard: comments on a tile, where a number comes from, keys, and who may have them."""

from __future__ import annotations

import json
import re
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Page, expect

from acceptance.platform import PICTURES
from integration.dashboards.conftest import PREFIX, Shop

SQL = "%%sql\nSELECT carrier, count() AS flights FROM flights GROUP BY carrier"
ADDRESS = f"{PREFIX}/united/tools"


@pytest.fixture(scope="module")
def tools(shop: Shop) -> str:
    text = nbformat.v4.new_markdown_cell("## By carrier")
    return shop.publish("tools", text, nbformat.v4.new_code_cell(SQL, id="carriers"))


def _opened(shop: Shop, name: str, **options: Any) -> Page:
    page = shop.context(name, **options).new_page()
    page.goto(shop.url + ADDRESS)
    page.frame_locator("#dashboard").locator("text=By carrier").first.wait_for(timeout=60_000)
    return page


def test_a_viewer_comments_on_a_tile_and_the_author_settles_it(shop: Shop, tools: str) -> None:
    page = _opened(shop, "viewer", viewport={"width": 1280, "height": 800})
    tile = page.frame_locator("#dashboard").locator("[data-tile=carriers]")
    tile.hover()
    tile.locator(".nh-comment").click()
    expect(page.locator("[data-panel=comments] select[name=tile]")).to_have_value("carriers")
    page.fill("[data-panel] textarea", "Why <b>1000</b>?")
    page.click("[data-panel] .say button")
    expect(page.locator(".comment .said")).to_have_text("Why <b>1000</b>?")
    expect(page.locator("[data-comments]")).to_have_text("1")
    page.context.close()
    author = _opened(shop, "analyst")
    expect(author.locator("[data-comments]")).to_have_text("1")
    author.locator("[data-tool=comments]").press("c")
    author.locator(".comment").get_by_text("By carrier").wait_for()
    author.click("text=Settle")
    expect(author.locator("[data-comments]")).to_have_text("")
    author.context.close()
    said = shop.place.as_("analyst").ok("GET", f"/dashboards/{tools}/comments")["items"]
    assert [(one["author"], one["version"], one["is_resolved"]) for one in said] == [("viewer", 1, True)]


def test_where_a_number_comes_from_is_for_those_who_may_run_sql(shop: Shop, tools: str) -> None:
    author = _opened(shop, "analyst")
    tile = author.frame_locator("#dashboard").locator("[data-tile=carriers]")
    tile.hover()
    tile.locator(".nh-explain").click()
    expect(author.locator("[data-panel=explain] pre")).to_contain_text("SELECT carrier, count()")
    expect(author.locator("[data-panel=explain]")).to_contain_text("warehouse · flights")
    author.context.close()
    viewer = _opened(shop, "viewer")
    viewer.click("[data-tool=explain]")
    expect(viewer.locator("[data-panel] .wrong")).to_contain_text("may run SQL")
    assert "SELECT" not in viewer.content()
    viewer.context.close()


def test_another_site_cannot_comment_in_somebodys_name(shop: Shop, tools: str) -> None:
    context = shop.context("viewer")
    page = context.new_page()
    page.goto(shop.url + ADDRESS)
    address, body = f"{shop.url}{ADDRESS}/comments", json.dumps({"text": "forged"})
    assert context.request.post(address, data=body).status in {302, 403}
    assert context.request.post(address, data=body, headers={"Origin": "https://evil.example"}).status in {
        302,
        403,
    }
    listed = shop.place.as_("analyst").ok("GET", f"/dashboards/{tools}/comments")["items"]
    assert "forged" not in {one["text"] for one in listed}
    context.close()


def test_keys_open_and_close_what_is_beside_the_page(shop: Shop, tools: str) -> None:
    page = _opened(shop, "viewer")
    page.keyboard.press("?")
    expect(page.locator("[data-panel=help]")).to_contain_text("Full screen")
    page.keyboard.press("Escape")
    expect(page.locator("[data-panel]")).to_be_hidden()
    page.frame_locator("#dashboard").locator("h2").first.click()
    page.keyboard.press("s")
    expect(page.locator("[data-panel=share] input")).to_have_value(shop.url + ADDRESS)
    page.context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_viewer_has_the_dashboard_sent_by_mail_and_ends_it(shop: Shop, tools: str, width: int) -> None:
    scheme = "dark" if width < 500 else "light"
    mail = "UPDATE users SET email = 'viewer@example.com' WHERE username = 'viewer' RETURNING email"
    assert shop.place.house.rows(mail)
    page = _opened(shop, "viewer", viewport={"width": width, "height": 800}, color_scheme=scheme)
    address = f"/dashboards/{tools}/subscription"
    viewer = shop.place.as_("viewer")
    page.locator("[data-tool=subscribe]").click()
    panel = page.locator("[data-panel=subscribe]")
    panel.locator("select").select_option(label="Every working day")
    panel.locator("[name=time]").fill("07:30")
    panel.get_by_role("button", name="Subscribe", exact=True).click()
    expect(panel.get_by_role("status")).to_contain_text("You are subscribed. It goes to viewer@")
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"subscription-{width}.png")
    told = viewer.ok("GET", address)
    assert told["cron"] == "30 7 * * 1-5"
    assert told["next_at"]
    panel.get_by_role("button", name="Unsubscribe").click()
    expect(panel.get_by_role("button", name="Subscribe", exact=True)).to_be_visible()
    assert viewer.call("GET", address).status_code == 404
    page.context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_viewer_exports_a_table_where_it_is_shown(shop: Shop, tools: str, width: int) -> None:
    page = _opened(shop, "viewer", viewport={"width": width, "height": 800})
    page.context.clear_cookies(path="/services/notehouse/")  # as somebody who has never been to the portal
    page.click("[data-tool=exported]")
    with page.expect_download() as coming:
        page.get_by_role("listitem").filter(has_text="By carrier").get_by_role("link", name="CSV").click()
    assert coming.value.path().read_text().splitlines()[0].replace('"', "") == "carrier,flights"
    expect(page.locator("[data-panel=exported] a")).to_have_count(5)
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"exported-{width}.png")
    page.context.close()


def test_a_long_dashboard_is_printed_whole_with_all_its_tabs(shop: Shop) -> None:
    tall = "from IPython.display import HTML\nHTML('<p style=\"height: 1900px\">tall</p>')"
    tabs = [{"tile": {"w": 12, "tab": name}} for name in ("One", "Two")]
    shop.publish("long", *(nbformat.v4.new_code_cell(tall, metadata={"notehouse": one}) for one in tabs))
    page = shop.context("viewer", viewport={"width": 1280, "height": 800}).new_page()
    page.goto(f"{shop.url}{PREFIX}/united/long")
    told = re.compile(r"--on-paper: (3[89]|4\d)\d\d(\.\d+)?px")
    expect(page.locator("#dashboard")).to_have_attribute("style", told, timeout=30_000)
    printed = page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 3  # 3,800 pixels at three fifths
    page.context.close()


def test_nobody_uses_a_page_whose_place_another_is_about_to_take(shop: Shop) -> None:
    code = nbformat.v4.new_code_cell
    choice = code('who = filter("select", ["Ann", "Bob"])', metadata={"tags": ["parameters"]})
    shop.publish("held", choice, code('print("this is", who)'))
    page = shop.context("viewer", viewport={"width": 1000, "height": 700}).new_page()
    page.goto(f"{shop.url}{PREFIX}/united/held")
    frame, shown = page.locator("#dashboard"), page.frame_locator("#dashboard")
    shown.get_by_text("this is Ann").wait_for(timeout=60_000)
    page.route("**/token?chosen*", lambda route: route.fulfill(json={"ready": False, "failed": ""}))
    page.select_option("[name=who]", "Bob")
    expect(frame).to_have_attribute("inert", "")
    expect(frame).to_have_attribute("aria-busy", "true")
    expect(page.locator("[data-state]")).to_have_text("Preparing")
    page.screenshot(path=PICTURES / "held.png")
    page.unroute_all()
    page.route("**/token?chosen*", lambda route: route.fulfill(status=503, body="<h1>Service Unavailable"))
    expect(page.locator("[data-failed]")).to_contain_text("The server does not answer. Trying again")
    page.unroute_all()
    shown.get_by_text("this is Bob").wait_for(timeout=60_000)
    expect(frame).not_to_have_attribute("inert", "")
    page.context.close()
