"""Messages of a Kafka topic reach the tiles of pages that are open, each viewer's own rows alone."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import nbformat
import pytest
from playwright.sync_api import expect

from contracts.kafka import Kafka
from integration.dashboards.conftest import PREFIX, Shop
from integration.dashboards.test_tiles import PATIENCE
from notehouse_hub.sample.departures import DEPARTURES
from notehouse_hub.sample.stream import follow
from notehouse_hub.sample.warehouse import Warehouse

STREAM = replace(DEPARTURES, database="flights")  # where the tenants' source is
SQL = """%%sql
SELECT origin, count() AS departures FROM departures FINAL GROUP BY origin ORDER BY origin"""
ARRIVED = "SELECT toUnixTimestamp64Milli(max(received)) FROM flights.departures"


@pytest.fixture
def kafka(shop: Shop) -> Iterator[Kafka]:
    """Brokers whose topic becomes rows of flights.departures."""
    made = Kafka()
    warehouse = Warehouse(shop.place.clickhouse.url, shop.place.clickhouse.headers)
    follow(warehouse, STREAM, made.brokers)
    yield made
    follow(warehouse, STREAM, "")


def departures(carrier: str, origin: str, number: int) -> list[dict[str, object]]:
    scheduled = datetime.now(UTC).isoformat(timespec="seconds")
    common = {"carrier": carrier, "origin": origin, "dest": "IAH", "scheduled": scheduled}
    return [{**common, "flight": flight, "delay": flight % 30} for flight in range(number)]


def test_a_message_is_in_the_tile_of_an_open_page_a_moment_later(shop: Shop, kafka: Kafka) -> None:
    tile = nbformat.v4.new_code_cell(
        SQL, id="stream", metadata={"notehouse": {"tile": {"title": "Departures"}}}
    )
    shop.publish("stream", tile)
    page = shop.context("viewer").new_page()
    page.goto(f"{shop.url}{PREFIX}/united/stream")
    shown = page.frame_locator("#dashboard").locator("[data-tile=stream]")
    expect(shown.locator(".nh-told")).to_contain_text("Nothing to show", timeout=PATIENCE)
    kafka.send(STREAM.topic, departures("UA", "EWR", 3))
    expect(shown.locator("tbody td")).to_have_text(["EWR", "3"], timeout=PATIENCE)
    sent = time.time()
    kafka.send(STREAM.topic, departures("DL", "JFK", 50) + departures("UA", "LGA", 7))
    expect(shown.locator("tbody td")).to_have_text(["EWR", "3", "LGA", "7"], timeout=PATIENCE)
    seen = time.time()
    arrived = int(shop.place.clickhouse.query(ARRIVED)) / 1000
    print(f"\nIn the tile {seen - arrived:.2f} s after its insert, {seen - sent:.2f} s after it was sent")
    page.context.close()


def test_a_tile_that_python_makes_follows_the_rows_of_open_pages(shop: Shop) -> None:
    source = "rows = %sql SELECT count() AS n FROM flights WHERE origin = 'XYZ'\nprint(f'{int(rows.n[0])} flights')"
    shop.publish("by-python", nbformat.v4.new_code_cell(source, id="counted"))
    before = rendered(shop)
    pages = [shop.context("viewer").new_page() for _ in range(2)]
    tiles = [page.frame_locator("#dashboard").locator("[data-tile=counted]") for page in pages]
    for page, tile in zip(pages, tiles, strict=True):
        page.goto(f"{shop.url}{PREFIX}/united/by-python")
        expect(tile).to_contain_text("0 flights", timeout=PATIENCE)
    for number in (1, 2):
        shop.place.clickhouse.query("INSERT INTO flights.flights VALUES ('UA', 'XYZ', 1)")
        for tile in tiles:
            expect(tile).to_contain_text(f"{number} flights", timeout=PATIENCE)
            expect(tile).not_to_have_attribute("data-state", "stale", timeout=PATIENCE)
    assert rendered(shop) - before == 2  # once a change, however many look
    late = shop.context("viewer").new_page()
    late.goto(f"{shop.url}{PREFIX}/united/by-python")
    expect(late.frame_locator("#dashboard").locator("[data-tile=counted]")).to_contain_text("2 flights")
    for page in (*pages, late):
        page.context.close()
    shop.place.clickhouse.query(
        "ALTER TABLE flights.flights DELETE WHERE origin = 'XYZ' SETTINGS mutations_sync = 1"
    )


def rendered(shop: Shop) -> float:
    """How many snapshots have been made so far."""
    url = f"http://127.0.0.1:{shop.place.house.hub.port + 5}{PREFIX}/metrics"
    text = httpx.get(url, timeout=30).text
    found = re.search(r'^notehouse_dashboards_snapshots_total\{.*"ready"\} (\S+)$', text, re.MULTILINE)
    return float(found[1]) if found else 0.0
