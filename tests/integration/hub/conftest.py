"""Fixtures: `hub` (a real Hub with a real proxy and Postgres, people in it) and `browser` (somebody's cookies)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

import notehouse_hub
from integration.hub import people
from notehouse_hub.embedded import node_packages
from notehouse_hub.embedded.standalone import RunningPostgres, embedded_postgres, engine_folder, engines

CONFIG = Path(notehouse_hub.__file__).parent / "hub" / "jupyterhub_config.py"
PASSWORD = "correct horse battery staple"
NAVIGATE = {"Sec-Fetch-Mode": "navigate"}


def free_ports() -> int:
    """Return a port with the six after it free as well."""
    for _ in range(200):
        first = 20_000 + secrets.randbelow(10_000)
        with contextlib.ExitStack() as stack:
            try:
                for offset in range(7):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", first + offset))
            except OSError:
                continue
        return first
    raise OSError("no seven free ports in a row")


@dataclass
class RunningHub:
    """The processes, and how to reach and end them."""

    folder: Path
    postgres: RunningPostgres
    port: int
    service_tokens: dict[str, str]
    code_python: Path
    proxy_token: str = field(default_factory=lambda: secrets.token_hex(16))
    cookie_secret: str = field(default_factory=lambda: secrets.token_hex(32))
    account_key: str = field(default_factory=lambda: secrets.token_hex(32))
    process: subprocess.Popen[bytes] | None = None
    proxy: subprocess.Popen[bytes] | None = None
    api_service: FakeApi | None = None
    subdomains_of: str = ""  # a host: each person's server is on a subdomain of it
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        passed = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        if self.subdomains_of:
            passed["NOTEHOUSE_SUBDOMAINS"] = "true"
            passed["NOTEHOUSE_PUBLIC_URL"] = f"http://{self.subdomains_of}:{self.port}"
        return passed | {
            "HOME": str(self.folder),
            "NOTEHOUSE_DATA": str(self.folder / "data"),
            "NOTEHOUSE_PORT": str(self.port),
            "NOTEHOUSE_ISOLATE": json.dumps(os.geteuid() == 0),
            "NOTEHOUSE_CODE_PYTHON": str(self.code_python),
            "NOTEHOUSE_DATABASE_URL": self.postgres.urls.app,
            "NOTEHOUSE_HUB_DATABASE_URL": self.postgres.urls.hub,
            "NOTEHOUSE_SERVICE_TOKENS": json.dumps(self.service_tokens),
            "NOTEHOUSE_PROXY_TOKEN": self.proxy_token,
            "NOTEHOUSE_COOKIE_SECRET": self.cookie_secret,
            "NOTEHOUSE_ACCOUNT_KEY": self.account_key,
            **self.extra,
        }

    def start_proxy(self, program: Path) -> None:
        command = [str(node_packages.node()), str(program), "--ip=127.0.0.1", f"--port={self.port}"]
        command += ["--api-ip=127.0.0.1", f"--api-port={self.port + 1}", "--log-level=warn"]
        command += [f"--default-target=http://127.0.0.1:{self.port + 2}"]
        command += ["--host-routing"] if self.subdomains_of else []
        environment = {"PATH": os.environ["PATH"], "CONFIGPROXY_AUTH_TOKEN": self.proxy_token}
        with (self.folder / "proxy.log").open("ab") as log:
            self.proxy = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def start(self) -> None:
        command = [sys.executable, "-m", "jupyterhub", "-f", str(CONFIG)]
        with (self.folder / "hub.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.environment(), cwd=self.folder, stdout=log, stderr=log
            )
        self.wait_until(lambda: httpx.get(f"http://127.0.0.1:{self.port + 2}/hub/health").is_success)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def change(self, name: str, role: str | None = None, is_active: bool | None = None) -> None:
        asyncio.run(people.change(self.postgres.urls, name, role, is_active))

    def forget_when_it_last_looked(self) -> None:
        """What a minute's wait would do: a Hub asks for everyone's rights anew when it starts."""
        self.kill()
        self.start()

    def log(self) -> str:
        """What the Hub and the servers it started have said."""
        files = [self.folder / "hub.log", *(self.folder / "data" / "logs" / "servers").glob("*.log")]
        return "\n".join(file.read_text()[-6000:] for file in files if file.exists())

    def wait_until(self, true: Callable[[], bool], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.process is None or self.process.poll() is None, self.log()
            with contextlib.suppress(httpx.TransportError):
                if true():
                    return
            time.sleep(0.1)
        raise TimeoutError(self.log())

    def api(self, service: str) -> httpx.Client:
        headers = {"Authorization": f"token {self.service_tokens[service]}"}
        return httpx.Client(base_url=f"{self.url}/hub/api/", headers=headers, timeout=30)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
        self._end_servers()
        if self.proxy is not None:
            self.proxy.terminate()
            self.proxy.wait(10)

    def _end_servers(self) -> None:
        """A Hub leaves them alive; here nobody else ends them."""
        home = f"HOME={self.folder}/data/homes/".encode()
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if home in (process / "environ").read_bytes():
                    os.kill(int(process.name), signal.SIGKILL)


class Browser:
    """Cookies and the form of one person."""

    def __init__(self, hub: RunningHub) -> None:
        self.hub = hub
        self.client = httpx.Client(base_url=hub.url, headers=NAVIGATE, follow_redirects=True, timeout=30)

    def login(self, name: str, password: str = PASSWORD, follow: bool = True) -> httpx.Response:
        page = self.client.get("/hub/login")
        xsrf = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
        assert xsrf is not None, page.text
        form = {"_xsrf": xsrf.group(1), "username": name, "password": password}
        return self.client.post("/hub/login?next=", data=form, follow_redirects=follow)

    def server(self, name: str) -> str:
        """Start the person's server, wait for it, and return the address of its page."""
        self.client.get("/hub/spawn")
        self.hub.wait_until(lambda: self.client.get(f"/user/{name}/lab").url.path == f"/user/{name}/lab")
        return f"/user/{name}/"

    def start_kernel(self, name: str) -> str:
        xsrf = next(
            c.value for c in self.client.cookies.jar if c.name == "_xsrf" and c.path == f"/user/{name}/"
        )
        answer = self.client.post(
            f"/user/{name}/api/kernels", json={"name": "notehouse"}, headers={"X-XSRFToken": str(xsrf)}
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


def proxy_program() -> Path:
    folder = engines() / "node" / "proxy"
    for _ in node_packages.install(node_packages.LOCKS / "proxy", folder):
        continue
    return folder / "node_modules/configurable-http-proxy/bin/configurable-http-proxy"


class FakeApi:
    """Stands where the API service listens: hands out tokens, and keeps who asked with what."""

    def __init__(self, port: int) -> None:
        self.asked: list[tuple[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.asked.append((self.headers["Authorization"], body))
                expires_at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
                answer = json.dumps(
                    {"id": "1", "token": "an execution token", "expires_at": expires_at}
                ).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def running_hub(code_python: Path, subdomains_of: str = "") -> Iterator[RunningHub]:
    """A Hub with its proxy and Postgres, and nothing behind its services yet."""
    services = ("notehouse", "dashboards", "scheduler", "supervisor", "monitor", "culler")
    with engine_folder() as folder, embedded_postgres(folder) as running:
        (folder / "data").mkdir(mode=0o755)
        asyncio.run(people.make(running.urls, PASSWORD))
        tokens = {name: secrets.token_hex(16) for name in services}
        started = RunningHub(folder, running, free_ports(), tokens, code_python, subdomains_of=subdomains_of)
        try:
            started.start_proxy(proxy_program())
            started.start()
            yield started
        finally:
            started.stop()


@pytest.fixture(scope="session")
def hub(code_python: Path) -> Iterator[RunningHub]:
    with running_hub(code_python) as started:
        api = FakeApi(started.port + 3)
        try:
            started.api_service = api
            yield started
        finally:
            api.stop()


@pytest.fixture
def browser(hub: RunningHub) -> Iterator[Browser]:
    somebody = Browser(hub)
    yield somebody
    somebody.client.close()
