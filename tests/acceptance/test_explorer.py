"""A table is looked at without code: in JupyterLab, whose next cell gets the SQL, and by a viewer of a dashboard."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, expect

from acceptance.platform import Person, Platform
from acceptance.test_main_job import notebook, publish

People = Callable[..., Person]
PICTURE = re.compile("^data:image/svg")


def _drawn(explorer: Locator) -> None:
    expect(explorer.locator(".nh-picture")).to_have_attribute("src", PICTURE, timeout=60_000)
    expect(explorer.locator(".nh-said")).to_have_text("")


def test_an_analyst_explores_by_keyboard_and_writes_the_sql_into_a_cell(person: People) -> None:
    analyst = person("united-analyst", viewport={"width": 1360, "height": 1000}, color_scheme="dark")
    page = analyst.page
    analyst.open_lab()
    page.goto(f"{analyst.platform.url}/user/united-analyst/lab?reset")
    page.click(".jp-LauncherCard >> text=SQL + Python", timeout=90_000)
    page.wait_for_selector("text=SQL + Python | Idle", timeout=90_000)
    expect(page.locator("body[data-jp-theme-light=false]")).to_be_attached()  # as the system says
    page.locator(".jp-Notebook:visible .cm-content").first.click()
    page.keyboard.insert_text("explore('flights')")
    page.keyboard.press("Control+Enter")
    explorer = page.locator(".jp-Notebook:visible .nh-explorer")
    explorer.wait_for(timeout=90_000)
    expect(explorer.locator(".nh-picture")).to_be_hidden()  # there is nothing to draw yet
    explorer.locator(".nh-fields button").first.focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    chosen = page.evaluate("document.activeElement.dataset.field")
    page.keyboard.press("Enter")
    _drawn(explorer)
    analyst.picture("explorer-lab")
    explorer.locator("text=Write to cell").click()
    written = page.locator(".jp-Notebook:visible .jp-CodeCell .cm-content", has_text="%%chart")
    expect(written).to_contain_text(f"x={chosen}")
    written.click()
    page.keyboard.press("Control+Enter")
    chart = page.locator(".jp-Notebook:visible .vega-embed canvas").first
    chart.wait_for(timeout=60_000)
    box = chart.bounding_box()
    assert box is not None
    chart.hover(position={"x": 0.6 * box["width"], "y": 0.8 * box["height"]})  # on one of the bars
    expect(page.locator("#vg-tooltip-element.visible")).to_contain_text("rows")
    analyst.picture("explorer-written")


def test_a_viewer_explores_in_a_dashboard(person: People, platform: Platform, tmp_path: Path) -> None:
    file = tmp_path / "exploring.ipynb"
    file.write_text(json.dumps(notebook("explore('flights')")))
    analyst = person("united-analyst")
    published = publish(platform, analyst.hub_token(), file)
    assert published.returncode == 0, published.stderr
    with analyst.api() as api:
        items = [{"role": "viewer", "permission_type": "view"}]
        api.put("dashboards/united:exploring/permissions", json={"items": items}).raise_for_status()
    viewer = person("united-viewer", viewport={"width": 1280, "height": 900})
    viewer.page.goto(f"{platform.url}/services/dashboards/united/exploring")
    explorer = viewer.page.frame_locator("#dashboard").locator(".nh-explorer")
    explorer.wait_for(timeout=60_000)
    explorer.locator("[data-field=arr_delay]").click()
    _drawn(explorer)
    viewer.picture("explorer-dashboard")
    viewer.page.close()
    with analyst.api() as api:
        api.delete("dashboards/united:exploring").raise_for_status()
