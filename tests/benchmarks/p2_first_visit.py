"""P2: the first visit in a browser that has nothing yet, until the chart is seen; and what came over the wire.

Against Voilà with the same notebook, in the same Chromium.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Request, sync_playwright

from acceptance.platform import chromium
from benchmarks.figures import Figure, Result, at_most, holds, ratio
from benchmarks.stage import PASSWORD, Stage
from benchmarks.voila import voila
from notehouse_core.paths import shared

NOTEBOOK = shared("notebooks") / "examples" / "punctuality.ipynb"
PAGE = "/services/dashboards/united/punctuality"
CHART = ".jp-RenderedSVG img, .jp-RenderedSVG svg, svg.marks, canvas.marks, .jp-RenderedImage img"
VISITS = 7
WINDOW = 1500  # milliseconds that a browser has to open a window
Show = Callable[[Page], Any]


def measure(stage: Stage) -> list[Result]:
    """Visit both as many times, each time with an empty cache; somebody who is logged in."""
    stage.publish("united-analyst", "united:punctuality", NOTEBOOK)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        state = _login(stage, browser)
        ours, kilobytes, hosts = _visits(browser, f"{stage.url}{PAGE}", _in_frame, storage_state=state)
        _, static, _ = _visits(
            browser, f"{stage.url}{PAGE}", _in_frame, storage_state=state, java_script_enabled=False
        )
        theirs = _voila(stage, browser)
        browser.close()
    return [
        ratio("P2", "first visit until the chart is seen, against Voilà", ours, theirs, 1 / 20),
        at_most("P2", "bytes of it as a static view", static, 200),
        at_most("P2", "bytes of it with interactivity", kilobytes, 1000),
        holds("P2", "other hosts that were asked", str(len(hosts) - 1), "none", len(hosts) == 1),
    ]  # fmt: skip


def _login(stage: Stage, browser: Browser) -> Any:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{stage.url}/hub/login")
    page.fill("input[name=username]", "united-viewer")
    page.fill("input[name=password]", PASSWORD)
    with page.expect_navigation(wait_until="commit"):
        page.click("[type=submit]")
    page.goto(f"{stage.url}{PAGE}")  # logs in there
    page.wait_for_load_state("networkidle")
    state = context.storage_state()
    context.close()
    return state


def _in_frame(page: Page) -> None:
    page.frame_locator("#dashboard").locator(CHART).first.wait_for()


def _on_page(page: Page) -> None:
    page.locator(CHART).first.wait_for()


def _visits(browser: Browser, url: str, show: Show, **options: Any) -> tuple[Figure, Figure, set[str]]:
    """Milliseconds until the chart is seen, kilobytes until nothing more comes, and the hosts they came from."""
    each = [_visit(browser, url, show, options) for _ in range(VISITS)]
    spent = Figure.of((one[0] for one in each), "ms")
    return spent, Figure.of((one[1] for one in each), "kB"), {host for one in each for host in one[2]}


def _visit(browser: Browser, url: str, show: Show, options: Any) -> tuple[float, float, set[str]]:
    context = browser.new_context(**options)
    page, ended = context.new_page(), list[Request]()
    page.on("requestfinished", lambda one: ended.append(one))  # noqa: PLW0108 - Playwright marks it
    page.wait_for_timeout(WINDOW)  # a window of its own, which is the browser's work and no page's
    began = time.perf_counter()
    page.goto(url, wait_until="commit", timeout=120_000)
    show(page)
    spent = (time.perf_counter() - began) * 1000
    page.wait_for_load_state("networkidle")
    sizes = [one.sizes() for one in ended]
    weight = sum(one["responseBodySize"] + one["responseHeadersSize"] for one in sizes) / 1000
    context.close()
    return spent, weight, {urlsplit(one.url).netloc for one in ended if one.url.startswith("http")}


def _voila(stage: Stage, browser: Browser) -> Figure:
    with voila(stage, NOTEBOOK) as (url, _):
        return _visits(browser, url, _on_page)[0]
