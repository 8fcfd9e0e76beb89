"""Fixtures: `gateway` (a process of its own, opened by a token), `kernel` (makes managers of kernels).

`walled` is a gateway with all its walls, `ports` are the services around it, of which its kernels reach the first two.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from integration.gateway.test_remote_kernel import run
from notehouse_core.remote_kernel import RemoteKernelManager

HUB_TOKEN = "open-sesame"
MAX_KERNELS = 3
LARGE = 2**26
RICHER, POORER = 65_534, 65_533  # Unix users that own nothing


@dataclass(frozen=True)
class Gateway:
    url: str
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def desks(self) -> list[Path]:
        return sorted((self.folder / "kernels").iterdir())

    def http(self, token: str = HUB_TOKEN) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": f"token {token}"}, timeout=30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with serving(tmp_path_factory.mktemp("gateway"), "http://query", "http://api") as running:
        yield running


@contextmanager
def serving(folder: Path, query_url: str, api_url: str, user: int | None = None) -> Iterator[Gateway]:
    """Run a gateway until the block ends, as another user where one is given."""
    port = free_port()
    command = [sys.executable, "-m", "notehouse_gateway.standalone", "--allow-root"]
    options = {"port": port, "token": HUB_TOKEN, "folder": folder, "max-kernels": MAX_KERNELS}
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "JUPYTERHUB_API_TOKEN": "the-server's"}
    environment |= {"NOTEHOUSE_QUERY_URL": query_url, "NOTEHOUSE_API_URL": api_url}
    who = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log, **who)  # type: ignore[call-overload]
    running = Gateway(f"http://127.0.0.1:{port}/", folder, process)
    try:
        wait_until_ready(running)
        yield running
    finally:
        process.terminate()
        process.wait(20)


def wait_until_ready(gateway: Gateway) -> None:
    with gateway.http() as client:
        for _ in range(300):
            assert gateway.process.poll() is None, (gateway.folder / "log").read_text()
            try:
                if client.get("api/kernels").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
    raise TimeoutError((gateway.folder / "log").read_text())


@pytest.fixture
def kernel(gateway: Gateway) -> Callable[..., RemoteKernelManager]:
    def make(**options: object) -> RemoteKernelManager:
        chosen = {"url": gateway.url, "hub_token": HUB_TOKEN, "execution_token": "first", **options}
        return RemoteKernelManager(**chosen)  # type: ignore[arg-type]

    return make


class Answers(BaseHTTPRequestHandler):
    """Stands for a service of this machine: it says which, or answers with many bytes."""

    def do_GET(self) -> None:
        size = LARGE if self.path == "/large" else 1
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        self.wfile.write(bytes(size))

    def log_message(self, *_: Any) -> None:
        """Be silent."""


@pytest.fixture(scope="session")
def ports() -> Iterator[list[int]]:
    """Three services: the query gateway, the API, and one that kernels have no business with."""
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Answers) for _ in range(3)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield [server.server_port for server in servers]
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def walled(ports: list[int]) -> Iterator[Gateway]:
    """A gateway with the network cut, as a user that is not root."""
    with serving_walled(ports, RICHER) as running:
        yield running


@contextmanager
def serving_walled(ports: list[int], user: int) -> Iterator[Gateway]:
    """Run a gateway as the Hub does: as that user where the tests may choose one, its kernels cut off."""
    query, api = (f"http://127.0.0.1:{port}" for port in ports[:2])
    with serving_as(user, query, f"{api}/api") as running:
        yield running


@contextmanager
def serving_as(user: int, query_url: str, api_url: str) -> Iterator[Gateway]:
    """Run a gateway as a user where the tests may choose one."""
    chosen = user if os.geteuid() == 0 else None
    # Not in /tmp, which kernels have one of their own of.
    with tempfile.TemporaryDirectory(dir="/var/lib" if chosen is not None else None) as name:
        folder = Path(name)
        if chosen is not None:
            os.chown(folder, chosen, chosen)
        with serving(folder, query_url, api_url, chosen) as running:
            yield running


async def found(km: RemoteKernelManager, code: str) -> Any:
    """What a kernel prints as JSON."""
    (printed,) = await run(km, code)
    return json.loads(printed)
