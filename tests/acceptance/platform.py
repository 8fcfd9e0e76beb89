"""A platform as `notehouse up` starts it, and its people in real browsers."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, TimeoutError

SOURCE_HOST = "127.0.0.2"  # the only place in the house that data sources may be at
PICTURES = Path(__file__).parents[1] / "screenshots"
PORTS = 11
Notehouse = Callable[..., subprocess.CompletedProcess[str]]  # the command line as somebody
RUNNING: list[Platform] = []  # what this process has started, for the report of a test that fails


@dataclass
class Platform:
    """A running platform; `said` is everything `notehouse up` has printed."""

    port: int
    data: Path
    password: str
    process: subprocess.Popen[bytes] | None
    output: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> str:
        return f"{self.url}/services/notehouse/api/v1"

    @property
    def said(self) -> str:
        return self.output.read_text()

    def pids(self, *words: str) -> list[int]:
        """Processes of this platform whose command line has all these words."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                environment = (folder / "environ").read_bytes()
            except OSError:
                continue
            mine = str(self.data).encode() in environment + line.encode()
            if mine and all(word in line for word in words):
                found.append(int(folder.name))
        return sorted(found)

    def is_drawn(self) -> bool:
        """Say whether no snapshot waits or is made, as the dashboard server tells."""
        address = f"http://127.0.0.1:{self.port + 5}/services/dashboards/metrics"
        told = httpx.get(address, timeout=10, trust_env=False).text
        series = r'^notehouse_dashboards_snapshots_waiting\{status="\w+"\} (\S+)'
        return [float(one) for one in re.findall(series, told, re.MULTILINE)] == [0, 0]

    def kernels(self) -> int:
        """How many kernels run."""
        return len(self.pids("ipykernel_launcher")) or len(self.pids("ipykernel"))

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)


def eventually(true: Callable[[], Any], seconds: float = 60, what: str = "") -> Any:
    """Wait until something is so, and return it."""
    deadline = time.monotonic() + seconds
    last: object = None
    while time.monotonic() < deadline:
        try:
            if last := true():
                return last
        except (httpx.TransportError, AssertionError) as error:
            last = error
        time.sleep(0.25)
    raise AssertionError(f"not so after {seconds:.0f} s: {what} {last!r}")


def run_notebook(api: httpx.Client, name: str, content: dict[str, Any]) -> None:
    """Run a notebook as its schedule would, to a good end."""
    body = {"name": name, "notebook": content, "cron": "0 0 1 1 *"}
    made = api.post("schedules", json=body).raise_for_status().json()
    begun = api.post(f"schedules/{made['id']}/run").raise_for_status().json()
    path = f"runs/{begun['id']}"
    eventually(lambda: api.get(path).json()["state"] not in {"queued", "running"}, 120, "it has run")
    ended = api.get(path).json()
    api.delete(f"schedules/{made['id']}").raise_for_status()
    assert ended["state"] == "succeeded", ended["error"]


def make_tenant_admin(api: httpx.Client, platform: Platform, new: dict[str, str]) -> None:
    """Have somebody who administers a tenant, unless they are there; `api` is the platform admin's."""
    if api.post("users", json={**new, "role": "admin"}).status_code == 201:
        body = {"password": platform.password}
        api.post(f"users/{new['username']}/password", json=body).raise_for_status()


def free_port() -> int:
    """A port with all those after it that a platform needs; each process of the tests looks in a range of its own."""
    lowest = 20_000 + 4_000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for first in range(lowest + os.getpid() % 1000, lowest + 4_000, 11):
        opened = []
        try:
            for offset in range(PORTS):
                one = socket.socket()
                opened.append(one)
                one.bind(("127.0.0.1", first + offset))
            return first
        except OSError:
            continue
        finally:
            for one in opened:
                one.close()
    raise OSError("no free ports")


@contextmanager
def started(
    data: Path,
    port: int,
    engines: Path,
    password: str = "a-password-of-tests",
    kafka: str = "",
    options: tuple[str, ...] = (),
    settings: Mapping[str, str] | None = None,
) -> Iterator[Platform]:
    """Start a platform, wait until it is up, and stop it at the end."""
    output = data.parent / f"{data.name}.out"
    environment = {**os.environ, "NOTEHOUSE_DEMO_PASSWORD": password, "NOTEHOUSE_ENGINES": str(engines)}
    environment |= {
        "NOTEHOUSE_KAFKA_BROKERS": kafka,
        "NOTEHOUSE_SOURCE_HOSTS": SOURCE_HOST,
        **(settings or {}),
    }
    command = [sys.executable, "-m", "notehouse_hub.cli", "up", "--port", str(port), "--data", str(data)]
    command += options
    with output.open("wb") as printed:
        process = subprocess.Popen(command, env=environment, stdout=printed, stderr=subprocess.STDOUT)
    platform = Platform(port, data, password, process, output)
    RUNNING.append(platform)
    try:
        eventually(lambda: _is_up(platform), 600, "the platform is up")
        yield platform
    finally:
        RUNNING.remove(platform)
        platform.stop()


def _is_up(platform: Platform) -> bool:
    assert platform.process is not None
    if platform.process.poll() is not None:
        raise RuntimeError(platform.said[-4000:])
    return "Notehouse is up" in platform.said


class Person:
    """Somebody with a browser of their own."""

    def __init__(self, platform: Platform, browser: Browser, name: str, **options: Any) -> None:
        self.platform, self.name = platform, name
        self.context: BrowserContext = browser.new_context(**options)
        self.page: Page = self.context.new_page()

    def login(self) -> Person:
        self.page.goto(f"{self.platform.url}/hub/login")
        self.page.fill("input[name=username]", self.name)
        self.page.fill("input[name=password]", self.platform.password)
        with self.page.expect_navigation(wait_until="commit"):
            self.page.click("[type=submit]")
        return self

    def open_lab(self) -> None:
        """Start the server, or find it, and stay on its JupyterLab."""
        self.page.goto(f"{self.platform.url}/hub/spawn")
        try:
            self.page.wait_for_url(f"**/user/{self.name}/lab**", timeout=90_000)
        except TimeoutError as error:
            shown = self.page.inner_text("body")[:2000]
            raise AssertionError(f"{self.page.url} shows instead: {shown}") from error

    def picture(self, name: str) -> None:
        PICTURES.mkdir(exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")

    def hub_token(self) -> str:
        """A Hub token, as people get it from the Hub's token page."""
        xsrf = next(
            str(cookie["value"])
            for cookie in self.context.cookies(f"{self.platform.url}/hub/")
            if cookie["name"] == "_xsrf"
        )
        answer = self.context.request.post(
            f"{self.platform.url}/hub/api/users/{self.name}/tokens",
            headers={"X-XSRFToken": xsrf, "Referer": f"{self.platform.url}/hub/token"},
            data={"expires_in": 3600},
        )
        assert answer.status == 201, answer.text()
        return str(answer.json()["token"])

    def api(self) -> httpx.Client:
        headers = {"Authorization": f"token {self.hub_token()}"}
        return httpx.Client(base_url=self.platform.api + "/", headers=headers, timeout=60, trust_env=False)


def chromium() -> str:
    """The browser that `make test` installs; the one without windows needs half the processor."""
    for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise FileNotFoundError("Chromium is not installed; `make test` does that, or says how.")
