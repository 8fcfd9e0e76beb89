"""Filters that SQL alone answers: only those tiles are asked again, without a kernel, with the viewer's own rows."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import nbformat
import pytest
from playwright.sync_api import Page, expect

from acceptance.platform import PICTURES
from integration.control_plane.conftest import ROWS
from integration.dashboards.conftest import PREFIX, Shop

SLUG = "by-sql"
PATIENCE = 60_000  # milliseconds; a busy machine draws late
ADDRESS = f"{PREFIX}/united/{SLUG}"
PARAMETERS = """from typing import Literal

origin: Literal["all", "EWR", "JFK", "LGA"] = "all"  # Airport
hours = filter("range", 0, 23, label="Hours")
at = filter("multi", "SELECT DISTINCT hour FROM flights WHERE {{origin}} IN ('all', origin) ORDER BY hour", value=[])
depth: Literal[1, 2, 3] = 1  # Depth"""
WHERE = """FROM flights WHERE {{origin}} IN ('all', origin) AND hour BETWEEN {{hours}}[1] AND {{hours}}[2]
AND (empty({at:Array(String)}) OR has({at:Array(String)}, toString(hour)))"""
TABLE = f"%%sql\nSELECT carrier, count() AS flights, avg(hour) AS mean_hour {WHERE} GROUP BY carrier ORDER BY carrier"
HOURS = f"%%sql by_hour <<\nSELECT hour, count() AS flights {WHERE} GROUP BY hour ORDER BY hour"
CHART = """import altair as alt
alt.Chart(by_hour).mark_bar().encode(x=alt.X("hour:O", title="Hour"), y="flights:Q").properties(width=600, height=200)"""
DEEP = """from IPython.display import HTML
HTML(f"<b id='deep'>depth {depth}</b>")"""


@pytest.fixture(scope="module")
def tiles(shop: Shop) -> dict[str, dict[str, Any]]:
    """The dashboard, published; what publishing said of its tiles."""
    code = nbformat.v4.new_code_cell
    cells = [
        code(PARAMETERS, metadata={"tags": ["parameters"]}),
        code(TABLE, id="table", metadata={"notehouse": {"tile": {"w": 6, "title": "Carriers"}}}),
        code(HOURS, metadata={"tags": ["hide"]}),
        code(CHART, id="chart", metadata={"notehouse": {"tile": {"w": 6, "title": "By hour"}}}),
        code(DEEP, id="deep"),
    ]
    shop.publish(SLUG, *cells)
    version = shop.place.as_("analyst").ok("GET", f"/dashboards/united:{SLUG}/versions/1")
    return {one["id"]: one for one in version["tiles"]}


@pytest.fixture
def page(shop: Shop, tiles: dict[str, Any]) -> Iterator[Page]:
    context = shop.context("viewer", viewport={"width": 1100, "height": 800})
    opened = context.new_page()
    opened.goto(shop.url + ADDRESS)
    yield opened
    context.close()


def token_of(page: Page) -> str:
    source = str(page.locator("#dashboard").get_attribute("src"))
    return parse_qs(urlsplit(source).query)["token"][0]


def rows(shop: Shop, token: str, query: str = "", tile: str = "table", slug: str = SLUG) -> httpx.Response:
    return httpx.get(f"{shop.url}{PREFIX}/united/{slug}/tiles/{tile}?token={token}{query}", timeout=30)


def asked(shop: Shop) -> float:
    """How many tiles went to the database so far."""
    text = httpx.get(f"http://127.0.0.1:{shop.place.house.hub.port + 5}{PREFIX}/metrics", timeout=30).text
    found = re.search(r'^notehouse_dashboards_tiles_total\{source="asked"\} (\S+)$', text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_publishing_says_which_tiles_need_python_and_why(tiles: dict[str, dict[str, Any]]) -> None:
    assert not tiles["table"]["needs_python"]
    assert not tiles["chart"]["needs_python"]
    assert tiles["deep"]["needs_python"]
    assert tiles["deep"]["reason"] == "The cell is Python code that works on depth."


def test_filters_redraw_table_and_chart_where_they_stand(shop: Shop, page: Page) -> None:
    frame, requested = page.frame_locator("#dashboard"), list[str]()
    cell = frame.locator("[data-tile=table] tbody td").nth(1)
    chart = frame.locator("[data-tile=chart]")
    expect(cell).to_have_text(str(ROWS), timeout=PATIENCE)
    page.on("request", lambda request: requested.append(urlsplit(request.url).path.removeprefix(ADDRESS)))
    page.select_option("[name=origin]", "LGA")
    expect(cell).to_have_text(str(ROWS // 4), timeout=PATIENCE)
    assert frame.locator("[data-tile=table] thead th").all_inner_texts() == [
        "",
        "carrier",
        "flights",
        "mean_hour",
    ]
    assert frame.locator("[data-tile=table] tbody td").nth(0).inner_text() == "UA"
    bars = chart.locator(".nh-redrawn [aria-roledescription=bar]")
    expect(bars.first).to_be_visible(timeout=PATIENCE)
    page.locator("[name=hours]").first.fill("12")
    page.locator("[name=hours]").first.press("Tab")
    expect(bars.first).to_have_attribute("aria-label", re.compile("Hour: 1[2-9]"), timeout=PATIENCE)
    counted = sum(int(str(one.get_attribute("aria-label")).split("flights: ")[1]) for one in bars.all())
    expect(cell).to_have_text(str(counted), timeout=PATIENCE)
    assert not {"/token", "/frame"} & set(requested)  # no page of its own was made for it
    assert page.url.endswith(f"{ADDRESS}?origin=LGA&hours=12&hours=23")
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / "tiles-by-sql.png")
    page.reload()
    expect(cell).to_have_text(str(counted), timeout=PATIENCE)
    page.go_back()
    expect(cell).to_have_text(str(ROWS // 4), timeout=PATIENCE)


def test_choices_hang_on_other_filters(shop: Shop, page: Page) -> None:
    options = page.locator("[name=at] option")
    expect(options).to_have_count(12, timeout=PATIENCE)
    page.select_option("[name=origin]", "LGA")
    expect(options).to_have_count(3, timeout=PATIENCE)
    hour = options.first.inner_text()
    page.select_option("[name=at]", hour)
    cell = page.frame_locator("#dashboard").locator("[data-tile=table] tbody td").nth(2)
    expect(cell).to_have_text(f"{hour}.0", timeout=PATIENCE)


def test_a_filter_of_pythons_makes_a_page_of_its_own(shop: Shop, page: Page) -> None:
    page.goto(f"{shop.url}{ADDRESS}?origin=JFK")
    frame = page.frame_locator("#dashboard")
    expect(frame.locator("#deep")).to_have_text("depth 1", timeout=PATIENCE)
    page.select_option("[name=depth]", "3")
    expect(frame.locator("#deep")).to_have_text("depth 3", timeout=PATIENCE)
    expect(frame.locator("[data-tile=table] tbody td").nth(1)).to_have_text(str(ROWS // 2), timeout=PATIENCE)


def test_a_tile_opens_with_the_frames_token_alone_and_to_its_own_rows(shop: Shop, page: Page) -> None:
    token = token_of(page)
    answer = rows(shop, token)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert [row[0] for row in answer.json()["rows"]] == ["UA"]
    assert rows(shop, "").status_code == 401
    assert rows(shop, token[:-4] + "AAAA").status_code == 401
    assert rows(shop, token, tile="deep").status_code == 400
    assert rows(shop, token, tile="nothing").status_code == 404
    assert rows(shop, token, "&origin=SFO'--").status_code == 400
    assert rows(shop, token, "&sql=SELECT%201&statement=x").json()["rows"] == answer.json()["rows"]
    assert rows(shop, token, slug="nothing").status_code == 404


def test_two_hundred_who_ask_at_once_make_one_query(shop: Shop, page: Page) -> None:
    url = f"{shop.url}{ADDRESS}/tiles/table?token={token_of(page)}&origin=EWR&hours=1&hours=2"

    async def everyone() -> set[bytes]:
        async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=200)) as client:
            answers = await asyncio.gather(*(client.get(url) for _ in range(200)))
        assert {one.status_code for one in answers} == {200}
        return {one.content for one in answers}

    before = asked(shop)
    with ThreadPoolExecutor(1) as elsewhere:  # Playwright's loop runs in this thread
        assert len(elsewhere.submit(asyncio.run, everyone()).result()) == 1
    assert asked(shop) - before == 1


def test_an_open_page_follows_its_tables(shop: Shop, page: Page) -> None:
    cell = page.frame_locator("#dashboard").locator("[data-tile=table] tbody td").nth(1)
    expect(cell).to_have_text(str(ROWS), timeout=PATIENCE)
    insert = "INSERT INTO flights.flights SELECT 'UA', 'LGA', 23 FROM numbers(7)"
    with page.expect_response(lambda answer: "/tiles/table" in answer.url, timeout=PATIENCE):
        shop.place.clickhouse.query(insert)
    expect(cell).to_have_text(str(ROWS + 7), timeout=PATIENCE)
