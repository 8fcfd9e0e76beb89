"""Fixtures: `gateway` (a process of its own, opened by a token), `kernel` (makes managers of kernels)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from notehouse_core.remote_kernel import RemoteKernelManager

HUB_TOKEN = "open-sesame"
MAX_KERNELS = 3


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
