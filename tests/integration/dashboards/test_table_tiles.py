"""Tables of a dashboard: sorted, searched, turned page by page; what a tile says when there is nothing or no answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import nbformat
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from acceptance.platform import PICTURES
from integration.dashboards.conftest import PREFIX, Shop
from integration.dashboards.test_tiles import PATIENCE, token_of

SLUG = "tables"
ADDRESS = f"{PREFIX}/united/{SLUG}"
PARAMETERS = """least = filter("range", 0, 9999, label="Number")
airport = filter("select", ["all", "EWR", "JFK", "LGA"])
hours = filter("range", 0, 23)
at = filter("multi", [1, 3, 5, 7], value=[])"""
MINE = """%%sql
SELECT origin, hour, count() AS flights FROM flights
WHERE {{airport}} IN ('all', origin) AND hour BETWEEN {{hours}}[1] AND {{hours}}[2]
AND (empty({at:Array(Int64)}) OR has({at:Array(Int64)}, hour))
GROUP BY origin, hour ORDER BY origin, hour"""
LARGE = """%%sql
SELECT arrayJoin(range(2500)) AS n, concat('row ', toString(n)) AS name, if(n % 2, NULL, n / 4) AS quarter
WHERE n BETWEEN {{least}}[1] AND {{least}}[2] -- all of them"""
FRAME = """import pandas as pd
pd.DataFrame({"city": [f"City {n % 7}" for n in range(56)], "people": [(n * 37) % 56 * 1000 for n in range(56)]})"""
BAR = """(tile) => {
  const bar = getComputedStyle(tile, "::before");
  return bar.content === "none" ? "none" : bar.height;
}"""
NOTHING = "%%sql\nSELECT carrier, hour FROM flights WHERE hour > 99"


def cells() -> list[Any]:
    code = nbformat.v4.new_code_cell
    tile = {"w": 6}
    return [
        code(PARAMETERS, metadata={"tags": ["parameters"]}),
        code(LARGE, id="large", metadata={"notehouse": {"tile": {**tile, "title": "Numbers"}}}),
        code(FRAME, id="frame", metadata={"notehouse": {"tile": {**tile, "title": "Cities"}}}),
        code(MINE, id="mine", metadata={"notehouse": {"tile": {**tile, "title": "My hours"}}}),
        code(NOTHING, id="nothing", metadata={"notehouse": {"tile": {**tile, "title": "At night"}}}),
    ]


@pytest.fixture(scope="module")
def published(shop: Shop) -> str:
    return shop.publish(SLUG, *cells())


@pytest.fixture(params=["wide", "phone"])
def page(shop: Shop, published: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "color_scheme": "dark"}
    options: dict[str, Any] = (
        phone if request.param == "phone" else {"viewport": {"width": 1100, "height": 800}}
    )
    context = shop.context("viewer", **options)
    opened = context.new_page()
    opened.goto(shop.url + ADDRESS)
    yield opened
    PICTURES.mkdir(exist_ok=True)
    opened.screenshot(path=PICTURES / f"tables-{request.param}.png")
    context.close()


def column(tile: Locator, place: int) -> list[str]:
    return tile.locator(f"tbody td:nth-child({place + 1})").all_inner_texts()


def test_a_large_table_is_sorted_searched_and_turned_by_the_database(page: Page) -> None:
    tile = page.frame_locator("#dashboard").locator("[data-tile=large]")
    expect(tile.locator(".nh-pages")).to_contain_text(re.compile("1.50 of 2,500"), timeout=PATIENCE)
    head = tile.get_by_role("button", name="quarter")
    head.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(tile.locator("tbody td").nth(0)).to_have_text("2498", timeout=PATIENCE)
    expect(tile.locator("thead th").nth(3)).to_have_attribute("aria-sort", "descending")
    expect(head).to_be_focused()
    tile.get_by_role("button", name="Next page").click()
    expect(tile.locator(".nh-pages")).to_contain_text(re.compile("51.100 of 2,500"), timeout=PATIENCE)
    assert column(tile, 1)[0] == "2398"
    tile.get_by_role("searchbox").fill("ROW 1999")
    expect(tile.locator("tbody tr")).to_have_count(1, timeout=PATIENCE)
    assert column(tile, 2) == ["row 1999"]
    assert column(tile, 3) == ["NaN"]
    tile.get_by_role("searchbox").fill("no such row")
    expect(tile.locator(".nh-pages")).to_contain_text(
        "Nothing in this table has “no such row” in it.", timeout=PATIENCE
    )
    tile.get_by_role("searchbox").fill("")
    page.locator("[name=least]").first.fill("2490")
    page.locator("[name=least]").first.press("Tab")
    expect(tile.locator("tbody tr")).to_have_count(10, timeout=PATIENCE)
    assert column(tile, 1)[:5] == [
        "2498",
        "2496",
        "2494",
        "2492",
        "2490",
    ]  # a filter leaves the order as it was


def test_a_table_that_python_made_is_sorted_and_searched_without_asking(page: Page) -> None:
    frame, asked = page.frame_locator("#dashboard"), list[str]()
    tile = frame.locator("[data-tile=frame]")
    tile.get_by_role("button", name="people").click(timeout=PATIENCE)
    page.on("request", lambda request: asked.append(request.url))
    tile.get_by_role("button", name="people").click()
    assert [int(text) for text in column(tile, 2)] == sorted((n * 1000 for n in range(6, 56)), reverse=True)
    tile.get_by_role("button", name="Next page").click()
    assert [int(text) for text in column(tile, 2)] == [n * 1000 for n in range(5, -1, -1)]
    tile.get_by_role("searchbox").fill("city 3")
    expect(tile.locator("tbody tr")).to_have_count(8)
    assert set(column(tile, 1)) == {"City 3"}
    assert asked == []
    box = tile.bounding_box()
    width = (page.viewport_size or {"width": 0})["width"]
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


def test_tiles_say_that_there_is_nothing_and_what_went_wrong_and_the_others_stay(page: Page) -> None:
    frame = page.frame_locator("#dashboard")
    nothing = "Nothing to show. Choose other filters above."
    expect(frame.locator("[data-tile=nothing] .nh-told")).to_have_text(nothing, timeout=PATIENCE)
    tile = frame.locator("[data-tile=large]")
    expect(tile.locator(".nh-pages")).to_contain_text("of 2,500", timeout=PATIENCE)
    page.context.set_offline(True)
    tile.get_by_role("button", name="Next page").click()
    told = tile.locator(".nh-told")
    expect(told).to_contain_text("The server does not answer now. Try again", timeout=PATIENCE)
    expect(told).to_contain_text(re.compile(r"Shown is data from \w+"))
    expect(tile.locator("tbody tr")).to_have_count(50)
    expect(frame.locator("[data-tile=frame] tbody tr").first).to_be_visible()
    page.context.set_offline(False)
    told.get_by_role("button").click()
    expect(tile.locator(".nh-pages")).to_contain_text(re.compile("51.100 of 2,500"), timeout=PATIENCE)
    expect(told).to_be_hidden()


def test_a_tile_shows_that_it_is_at_work_until_its_rows_are_there(page: Page) -> None:
    tile, held = page.frame_locator("#dashboard").locator("[data-tile=large]"), list[Route]()
    expect(tile.locator(".nh-pages")).to_contain_text("of 2,500", timeout=PATIENCE)
    assert tile.evaluate(BAR) == "none"

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/tiles/large?*", hold)
    with page.expect_request("**/tiles/large?*"):
        tile.get_by_role("button", name="Next page").click()
    expect(tile).to_have_attribute("aria-busy", "true")
    assert tile.evaluate(BAR) == "3px"
    expect(tile.locator("tbody tr")).to_have_count(50)
    expect(page.frame_locator("#dashboard").locator("[aria-busy]")).to_have_count(1)
    held[0].continue_()
    expect(tile).not_to_have_attribute("aria-busy", "true", timeout=PATIENCE)
    assert tile.evaluate(BAR) == "none"
    expect(tile.locator(".nh-pages")).to_contain_text(re.compile("51.100 of 2,500"))


def test_a_tile_of_python_says_that_its_tables_have_changed_since(shop: Shop, page: Page) -> None:
    _made_anew(shop, page)
    page.route("**/tiles/~page*", lambda route: None)  # the page of the new rows does not arrive here
    frame = page.frame_locator("#dashboard")
    tile, other = frame.locator("[data-tile=frame]"), frame.locator("[data-tile=mine]")
    expect(other.locator("tbody tr").first).to_be_visible(timeout=PATIENCE)
    expect(tile.locator(".nh-told")).to_have_count(0)
    with page.expect_response(lambda answer: "/tiles/mine" in answer.url, timeout=PATIENCE):
        shop.place.clickhouse.query(
            "INSERT INTO flights.flights VALUES ('DL', 'LGA', 23)"
        )  # not the viewer's
    told = tile.locator(".nh-told")
    expect(told).to_have_text(re.compile(r"Shown is data from \w+ \d+, \d{4}.*\."), timeout=PATIENCE)
    expect(tile).to_have_attribute("data-state", "stale")
    made = datetime.fromisoformat(str(told.locator("time").get_attribute("datetime")))
    assert timedelta() < datetime.now(UTC) - made < timedelta(hours=1)
    expect(tile.locator("tbody tr")).to_have_count(50)
    expect(other).not_to_have_attribute("data-state", "stale")


def test_small_tables_follow_their_filters_in_the_browser_with_the_servers_numbers(
    shop: Shop, page: Page
) -> None:
    _made_anew(shop, page)
    tile, asked = page.frame_locator("#dashboard").locator("[data-tile=mine]"), list[str]()
    expect(tile.locator("tbody tr").first).to_be_visible(timeout=PATIENCE)
    with page.expect_response(lambda answer: "tile.whole" in answer.url, timeout=PATIENCE) as rows:
        page.locator("[name=airport]").focus()
    rows.value.finished()
    page.select_option(
        "[name=airport]", "EWR"
    )  # when this is drawn, the page has read what had arrived before
    _same_as_the_server(shop, page, tile)
    page.on("request", lambda request: asked.append(request.url))
    choices: list[tuple[str, Any]] = [
        ("airport", "JFK"),
        ("at", ["3", "5"]),
        ("airport", "all"),
        ("at", []),
        ("airport", "LGA"),
    ]
    for name, value in choices:
        page.select_option(f"[name={name}]", value)
        _same_as_the_server(shop, page, tile)
    page.locator("[name=hours]").first.fill("12")
    page.locator("[name=hours]").first.press("Tab")
    _same_as_the_server(shop, page, tile)
    assert [one for one in asked if "/tiles/mine" in one] == []
    expect(tile.locator("tbody tr")).to_have_count(2)


def _made_anew(shop: Shop, page: Page) -> None:
    """Show a page of the tables as they are: one of older ones asks anew as soon as it hears of it."""
    shop.publish_again(SLUG, *cells())
    page.reload()


def _same_as_the_server(shop: Shop, page: Page, tile: Locator) -> None:
    chosen = urlsplit(page.url).query
    answer = httpx.get(f"{shop.url}{ADDRESS}/tiles/mine?token={token_of(page)}&{chosen}", timeout=30).json()
    wanted = ["\t".join(str(value) for value in row) for row in answer["rows"]]
    expect(tile.locator("tbody tr")).to_have_count(len(wanted), timeout=PATIENCE)
    found = [one.partition("\t")[2] for one in tile.locator("tbody tr").all_inner_texts()]
    assert found == wanted, chosen


def test_what_is_asked_of_a_table_is_checked(shop: Shop, page: Page) -> None:
    address, token = f"{shop.url}{ADDRESS}/tiles/large", token_of(page)

    def asked(**query: str) -> httpx.Response:
        return httpx.get(
            address, params={"token": token, **{f"table.{n}": v for n, v in query.items()}}, timeout=30
        )

    first = asked().json()
    assert (first["total"], first["page"], first["whole"], len(first["rows"])) == (2500, 1, False, 50)
    last = asked(page="50", sort="n").json()
    assert (last["total"], len(last["rows"]), last["rows"][-1][1]) == (2500, 50, "row 2499")
    assert asked(page="51").json()["rows"] == []
    assert asked(search="row 24").json()["total"] == 111  # 24, 240 to 249, 2400 to 2499
    for wrong in (
        {"page": "0"},
        {"page": "x"},
        {"sort": "nothing"},
        {"sort": "n) --"},
        {"search": "x" * 201},
    ):
        answer = asked(**wrong)
        assert answer.status_code == 400, wrong
        assert "DB::" not in answer.text
