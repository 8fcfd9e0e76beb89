"""Fixtures: `house` (a real Hub and a real API over one Postgres) and `visit` (somebody's browser)."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from integration.hub.conftest import PASSWORD, Browser, RunningHub, running_hub
from notehouse_hub.supervisor import signing

PORTAL = "/services/notehouse/"
API = f"{PORTAL}api/v1"


@dataclass
class House:
    """A Hub, and the API behind it."""

    hub: RunningHub
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return (self.hub.folder / "api.log").read_text()[-6000:]

    def start(self, **environment: str) -> None:
        keys = self.hub.folder / "keys"
        keys.mkdir(exist_ok=True)
        if not (keys / "signing-key.pem").exists():
            private = signing.new_private_pem()
            (keys / "signing-key.pem").write_text(private)
            (keys / "verify-keys.json").write_text(json.dumps(signing.verify_keys(private)))
        given = {
            "PATH": os.defpath,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "HOME": str(self.hub.folder),
            "NOTEHOUSE_DATA": str(self.hub.folder / "data"),
            "NOTEHOUSE_PORT": str(self.hub.port),
            "NOTEHOUSE_DATABASE_URL": self.hub.postgres.urls.app,
            "NOTEHOUSE_HUB_TOKEN": self.hub.service_tokens["notehouse"],
            "NOTEHOUSE_SESSION_KEY": secrets.token_hex(32),
            "NOTEHOUSE_ACCOUNT_KEY": self.hub.account_key,
            "NOTEHOUSE_WEBHOOK_KEY": secrets.token_hex(32),
            "NOTEHOUSE_SIGNING_KEY_FILE": str(keys / "signing-key.pem"),
            "NOTEHOUSE_VERIFY_KEYS_FILE": str(keys / "verify-keys.json"),
            **environment,
        }
        with (self.hub.folder / "api.log").open("ab") as log:
            command = [sys.executable, "-m", "notehouse_hub.service"]
            self.process = subprocess.Popen(command, env=given, stdout=log, stderr=log, cwd="/")
        live = f"http://127.0.0.1:{self.hub.port + 3}{PORTAL}health/live"
        self.hub.wait_until(lambda: httpx.get(live).is_success)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)

    def rows(self, statement: str) -> list[Any]:
        address = self.hub.postgres.urls.app.replace("+psycopg", "")
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("SELECT set_config('notehouse.tenants', '*', false)")
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def audit(self, action: str) -> list[tuple[str, str, Any]]:
        found = self.rows(
            f"SELECT actor, object, details FROM audit_events WHERE action = '{action}' ORDER BY number"
        )
        return [tuple(row) for row in found]


class Visitor(Browser):
    """Somebody in a browser, who may call the API as its pages do."""

    xsrf = ""

    def code(self, code: str, follow: bool = True) -> httpx.Response:
        """Answer the question for the second step."""
        xsrf = next(c.value for c in self.client.cookies.jar if c.name == "_xsrf" and c.path == "/hub/")
        form = {"_xsrf": str(xsrf), "code": code}
        return self.client.post("/hub/login?next=", data=form, follow_redirects=follow)

    def enter(self, name: str, password: str = PASSWORD) -> Visitor:
        """Log in, and open the portal."""
        answer = self.login(name, password, follow=False)
        assert answer.status_code == 302, answer.text
        return self.open_portal()

    def open_portal(self) -> Visitor:
        page = self.client.get(PORTAL, headers={"Accept": "text/html"})
        found = re.search(r'data-xsrf="([^"]+)"', page.text)
        assert found, page.text
        self.xsrf = found[1]
        return self

    def call(
        self, method: str, path: str, body: Any = None, more: dict[str, str] | None = None
    ) -> httpx.Response:
        headers = {"X-XSRFToken": self.xsrf, "Sec-Fetch-Mode": "cors", "Accept": "application/json"}
        return self.client.request(method, API + path, json=body, headers={**headers, **(more or {})})

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.call(method, path, body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


@pytest.fixture(scope="session")
def house(code_python: Path) -> Iterator[House]:
    with running_hub(code_python) as hub:
        started = House(hub)
        try:
            started.start()
            yield started
        finally:
            started.stop()


@pytest.fixture
def visit(house: House) -> Iterator[Callable[[], Visitor]]:
    with contextlib.ExitStack() as stack:

        def make() -> Visitor:
            somebody = Visitor(house.hub)
            stack.callback(somebody.client.close)
            return somebody

        yield make
