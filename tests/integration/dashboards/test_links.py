"""Links and embeds: rows of their maker, fixed parameters, on named sites only; what was taken back closes by itself."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import nbformat
import pytest
from playwright.sync_api import expect

from integration.dashboards.conftest import Shop

PARAMETERS = 'from typing import Literal\norigin: Literal["all", "JFK", "LGA"] = "all"  # Airport'
COUNT = "%%sql\nSELECT carrier, count() AS flights FROM flights WHERE {{origin}} IN ('all', origin) GROUP BY carrier"


def cells() -> list[Any]:
    tagged = nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    return [nbformat.v4.new_markdown_cell("# Linked"), tagged, nbformat.v4.new_code_cell(COUNT)]


@pytest.fixture(scope="module")
def linked(shop: Shop) -> str:
    return shop.publish("linked", *cells(), public=False)


@pytest.fixture
def make(shop: Shop, linked: str) -> Callable[..., Any]:
    def made(**more: Any) -> Any:
        body = {"expires_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat(), **more}
        return shop.place.as_("analyst").ok("POST", f"/dashboards/{linked}/links", body)

    return made


@pytest.fixture
def site() -> Iterator[Callable[[str], str]]:
    """Somebody's own page on another origin, with a frame of ours."""
    shown: dict[str, str] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f'<iframe id=ours width=900 height=600 src="{shown["url"]}"></iframe>'.encode())

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def of(url: str) -> str:
        shown["url"] = url
        return f"http://localhost:{server.server_port}"

    yield of
    server.shutdown()
    server.server_close()


def test_whoever_has_the_link_sees_the_rows_of_its_maker_and_nothing_else(
    shop: Shop, linked: str, make: Callable[..., Any]
) -> None:
    link = make(parameters={"origin": "JFK"}, note="for the board")
    page = shop.context().new_page()
    page.goto(link["url"])
    expect(page.frame_locator("#dashboard").locator("td", has_text="500")).to_be_visible(timeout=60_000)
    assert page.locator("[data-filters]").count() == 0
    path = page.get_attribute("#dashboard", "src") or ""
    everything = httpx.get(f"{shop.url}{path}&origin=all", trust_env=False)
    assert everything.status_code == 200
    assert ">500<" in everything.text, "the address cannot change what a link shows"
    assert "frame-ancestors 'none'" in httpx.get(link["url"]).headers["content-security-policy"]
    listed = shop.place.as_("analyst").ok("GET", f"/dashboards/{linked}/links")["items"]
    assert {"for the board"} <= {one["note"] for one in listed}
    assert "url" not in listed[0]
    secret = link["url"].rpartition("~")[2]
    log = (shop.place.house.hub.folder / "dashboards.log").read_text()
    assert secret not in log
    assert [row[0] for row in shop.place.house.rows("SELECT token_sha256 FROM dashboard_links")] != [secret]
    page.context.close()


def test_a_link_that_was_taken_back_closes_its_open_pages(
    shop: Shop, linked: str, make: Callable[..., Any]
) -> None:
    link = make()
    page = shop.context().new_page()
    page.clock.install()
    page.goto(link["url"])
    page.frame_locator("#dashboard").locator("text=Linked").wait_for(timeout=60_000)
    shop.place.as_("analyst").ok("DELETE", f"/dashboards/{linked}/links/{link['id']}")
    page.clock.run_for(45_000)
    expect(page.locator("[data-failed]")).to_contain_text("not there any more")
    assert page.locator("#dashboard").count() == 0
    assert httpx.get(link["url"], trust_env=False).status_code == 404
    assert httpx.get(f"{shop.url}/services/dashboards/~{'x' * 43}", trust_env=False).status_code == 404
    page.context.close()


def test_an_embed_is_shown_on_the_sites_it_names_alone(
    shop: Shop, make: Callable[..., Any], site: Callable[[str], str]
) -> None:
    mine = site(shop.url)
    for allowed, is_shown in ((mine, True), ("https://elsewhere.example", False)):
        link = make(kind="embed", frame_ancestors=[allowed])
        page = shop.context().new_page()
        site(link["url"])
        page.goto(mine)
        inside = page.frame_locator("#ours").frame_locator("#dashboard").locator("h1", has_text="Linked")
        if is_shown:
            inside.wait_for(timeout=60_000)
        else:
            page.wait_for_load_state("networkidle")
            assert inside.count() == 0
        page.context.close()


def test_a_link_ends_when_its_maker_may_not_share_any_more(
    shop: Shop, linked: str, make: Callable[..., Any]
) -> None:
    link, rows = make(), shop.place.house.rows
    assert httpx.get(link["url"], trust_env=False).status_code == 200
    rows("UPDATE users SET is_active = false WHERE username = 'analyst'")
    try:
        assert httpx.get(link["url"], trust_env=False).status_code == 404
    finally:
        rows("UPDATE users SET is_active = true WHERE username = 'analyst'")
    assert httpx.get(link["url"], trust_env=False).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"expires_at": "2001-01-01T00:00:00Z"},
        {"expires_at": "2999-01-01T00:00:00Z"},
        {"parameters": {"nothing": "x"}},
        {"parameters": {"origin": "SFO"}},
        {"kind": "embed"},
        {"kind": "embed", "frame_ancestors": ["*"]},
        {"kind": "embed", "frame_ancestors": ["https://a.example; script-src *"]},
        {"frame_ancestors": ["https://a.example"]},
    ],
)
def test_what_a_link_cannot_be_is_refused(shop: Shop, linked: str, wrong: dict[str, Any]) -> None:
    body = {"expires_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat(), **wrong}
    answer = shop.place.as_("analyst").call("POST", f"/dashboards/{linked}/links", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


def test_a_reader_who_loses_the_right_sees_the_page_close(shop: Shop, linked: str) -> None:
    analyst, address = shop.place.as_("analyst"), f"/dashboards/{linked}/permissions"
    grant = {"user": "viewer", "permission_type": "view"}
    analyst.ok("PUT", address, {"items": [grant]})
    context = shop.context("viewer")
    page = context.new_page()
    page.clock.install()
    page.goto(f"{shop.url}/services/dashboards/united/linked")
    page.frame_locator("#dashboard").locator("text=Linked").wait_for(timeout=60_000)
    page.clock.run_for(45_000)
    expect(page.locator("#dashboard")).to_be_visible()
    analyst.ok("PUT", address, {"items": []})
    page.clock.run_for(45_000)
    expect(page.locator("[data-failed]")).to_contain_text("you may not see it")
    assert page.locator("#dashboard").count() == 0
    context.close()
