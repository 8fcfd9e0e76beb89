"""A dashboard leaves the house as a file, with the rights of who asks."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from acceptance.platform import Person, Platform, eventually

People = Callable[..., Person]
EXPORT = "dashboards/united:punctuality/export"


def _got(viewer: Person, address: str) -> Any:
    answer = viewer.context.request.get(address)
    return answer if answer.status == 200 else None


def test_a_viewer_gets_the_page_and_an_editor_the_notebook(person: People, tmp_path: Path) -> None:
    viewer = person("united-viewer")
    address = f"{viewer.platform.api}/{EXPORT}"
    answer = eventually(lambda: _got(viewer, address), 120, "the demo is rendered")
    assert viewer.context.request.get(f"{address}?format=ipynb").status == 403
    page = answer.text()
    assert "58,665" in page
    assert "arrived 15 minutes late or more" in page
    assert "attachment" in answer.headers["content-disposition"]
    asked: list[str] = []
    file = tmp_path / "punctuality.html"
    file.write_text(page)
    viewer.page.on("request", lambda request: asked.append(request.url))
    viewer.page.goto(file.as_uri())
    viewer.picture("export-html")
    assert not [url for url in asked if url.startswith("http")], "nothing is fetched"
    with person("united-analyst").api() as api:
        notebook = api.get(EXPORT, params={"format": "ipynb"}).raise_for_status().json()
    assert notebook["nbformat"] == 4
    with person("delta-analyst").api() as api:
        assert api.get(EXPORT).status_code == 404


def test_a_viewer_gets_a_tables_rows_with_their_rights_and_filters(person: People) -> None:
    viewer = person("united-viewer", viewport={"width": 1280, "height": 900})
    platform, page = viewer.platform, viewer.page
    page.goto(f"{platform.url}/services/dashboards/united/punctuality?first_month=12")
    page.wait_for_selector("[data-fresh] time:not(:empty)")
    page.click("text=Details")
    link = page.locator("text=Where delays begin as CSV")
    link.wait_for()
    viewer.picture("dashboard-details")
    with page.expect_download() as coming:
        link.click()
    december = coming.value.path().read_text().splitlines()
    assert december[0] == "destination,flights,mean_delay,one_in_twenty"
    assert 1 < len(december) <= 13
    address = f"{platform.api}/dashboards/united:punctuality/export?format=csv&tile="
    tile = str(link.get_attribute("href")).split("tile=")[1].split("&")[0]
    year = viewer.context.request.get(address + tile).text().splitlines()
    assert year != december
    assert viewer.context.request.get(f"{address}no-such").status == 404
    refused = viewer.context.request.get(f"{address}{tile}&origin=SFO")
    assert (refused.status, refused.json()["error"]["code"]) == (400, "invalid")
    with person("delta-analyst").api() as api:
        assert api.get(EXPORT, params={"format": "csv", "tile": tile}).status_code == 404


def test_a_viewer_gets_a_pdf_made_by_a_process_of_its_own(person: People, platform: Platform) -> None:
    viewer = person("united-viewer")
    answer = viewer.context.request.get(f"{platform.api}/{EXPORT}?format=pdf", timeout=120_000)
    assert answer.status == 200, answer.text()
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body().startswith(b"%PDF-")
    assert len(answer.body()) > 20_000
    (printer,) = platform.pids("notehouse_hub.printer")
    environment = Path(f"/proc/{printer}/environ").read_bytes().decode()
    assert "postgres" not in environment
    assert "CLICKHOUSE" not in environment
    assert "HUB_TOKEN" not in environment
    owners = {Path(f"/proc/{one}").stat().st_uid for one in platform.pids("notehouse_hub.service")}
    assert os.geteuid() != 0 or Path(f"/proc/{printer}").stat().st_uid not in owners
    address = f"http://127.0.0.1:{platform.port + 9}/pdf"
    assert httpx.post(address, content="<p>x", trust_env=False).status_code == 401
