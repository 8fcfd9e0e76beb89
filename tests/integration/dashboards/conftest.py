"""Fixture: `shop`, a place with a dashboard server that really renders, and Chromium to look at it."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import nbformat
import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from acceptance.platform import chromium
from integration.control_plane.conftest import Place, running_place
from integration.hub.conftest import PASSWORD

PREFIX = "/services/dashboards"


@dataclass
class Shop:
    """A place whose dashboards can be looked at."""

    place: Place
    browser: Browser

    @property
    def url(self) -> str:
        return self.place.url

    def publish(self, slug: str, *cells: Any, public: bool = True) -> str:
        """A dashboard of the analyst's, rendered; its reference."""
        analyst = self.place.as_("analyst")
        body = {"tenant": "united", "slug": slug, "name": slug.title(), "is_public": public}
        analyst.ok("POST", "/dashboards", body)
        self.publish_again(slug, *cells)
        return f"united:{slug}"

    def publish_again(self, slug: str, *cells: Any) -> int:
        """One more version, rendered; its number."""
        analyst = self.place.as_("analyst")
        notebook = nbformat.v4.new_notebook(cells=list(cells))
        address = f"/dashboards/united:{slug}/versions"
        number = analyst.ok("POST", address, {"notebook": notebook})["number"]
        version: dict[str, Any] = {}
        deadline = time.monotonic() + 90
        while version.get("state", "rendering") == "rendering" and time.monotonic() < deadline:
            time.sleep(0.2)
            version = analyst.ok("GET", f"{address}/{number}")
        assert version["state"] == "ready", version
        return int(number)

    def context(self, name: str | None = None, **options: Any) -> BrowserContext:
        """Somebody's browser, logged in where there is a name."""
        made = self.browser.new_context(**options)
        if name:
            page = made.new_page()
            page.goto(f"{self.url}/hub/login")
            page.fill("input[name=username]", name)
            page.fill("input[name=password]", PASSWORD)
            with page.expect_navigation(wait_until="commit"):
                page.click("[type=submit]")
            page.close()
        return made


@pytest.fixture(scope="session")
def rendering_place(code_python: Path) -> Iterator[Place]:
    with running_place(code_python, own=("departures",)) as place:
        server = _dashboards(place)
        try:
            ready = f"http://127.0.0.1:{place.house.hub.port + 5}{PREFIX}/health/ready"
            place.house.hub.wait_until(lambda: httpx.get(ready).is_success)
            yield place
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(15) == 0, "it has written what it still knew"


@pytest.fixture(scope="module")  # Playwright's loop must have ended before other tests run theirs
def shop(rendering_place: Place) -> Iterator[Shop]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        yield Shop(rendering_place, browser)
        browser.close()


def _dashboards(place: Place) -> subprocess.Popen[bytes]:
    hub = place.house.hub
    token = hub.service_tokens["dashboards"]
    given = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
        "HOME": str(hub.folder),
        "NOTEHOUSE_DATA": str(hub.folder / "data"),
        "NOTEHOUSE_PORT": str(hub.port),
        "NOTEHOUSE_DATABASE_URL": hub.postgres.urls.app,
        "NOTEHOUSE_CLICKHOUSE_URL": place.clickhouse.url,
        "NOTEHOUSE_CLICKHOUSE_KEY": place.clickhouse.key,
        "NOTEHOUSE_FRAME_KEY": secrets.token_hex(32),
        "NOTEHOUSE_HUB_TOKEN": token,
        "JUPYTERHUB_API_TOKEN": token,
        "JUPYTERHUB_API_URL": f"http://127.0.0.1:{hub.port + 2}/hub/api",
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_SERVICE_NAME": "dashboards",
        "JUPYTERHUB_CLIENT_ID": "service-dashboards",
        "JUPYTERHUB_SERVICE_PREFIX": f"{PREFIX}/",
    }
    with (hub.folder / "dashboards.log").open("ab") as log:
        command = [sys.executable, "-m", "notehouse_dashboards"]
        return subprocess.Popen(command, env=given, stdout=log, stderr=log, cwd="/")
