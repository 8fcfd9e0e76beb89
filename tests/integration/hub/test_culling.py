"""What nobody uses ends, and what works goes on: people's servers, their kernels, and kernel gateways."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any, cast

import httpx
import pytest

from integration.hub.test_hub import gateway
from notehouse_core.remote_kernel import RemoteKernelManager

IDLE, GATEWAY_IDLE, KERNEL_IDLE = 16, 12, 6  # seconds
SHORT = {
    "NOTEHOUSE_CULL_IDLE_SECONDS": str(IDLE),
    "NOTEHOUSE_CULL_GATEWAY_SECONDS": str(GATEWAY_IDLE),
    "NOTEHOUSE_CULL_KERNEL_SECONDS": str(KERNEL_IDLE),
}
BUSY, CONNECTED, UNUSED = (f"nh-{digit * 20}" for digit in "789")


@pytest.fixture
def culling(hub: Any) -> Iterator[Any]:
    """The Hub with short limits, and the culler beside it as the supervisor starts it."""
    hub.extra = SHORT
    hub.kill()
    hub.start()
    environment = hub.environment() | {
        "NOTEHOUSE_HUB_API_URL": f"http://127.0.0.1:{hub.port + 2}/hub/api",
        "NOTEHOUSE_HUB_TOKEN": hub.service_tokens["culler"],
    }
    with (hub.folder / "culler.log").open("wb") as log:
        culler = subprocess.Popen([sys.executable, "-m", "notehouse_hub.culler"], env=environment, stderr=log)
    try:
        yield hub
    finally:
        culler.terminate()
        assert culler.wait(10) == 0, (hub.folder / "culler.log").read_text()
        hub.extra = {}
        hub.kill()
        hub.start()


def runs(hub: Any, name: str) -> bool:
    with hub.api("culler") as api:
        return bool(api.get(f"users/{name}").json()["servers"])


async def test_what_nobody_uses_ends_and_what_works_goes_on(culling: Any, browser: Any) -> None:
    hub = culling
    busy = _kernel_at(gateway(hub, BUSY))
    await busy.start_kernel()
    client = busy.client()
    await client.start_channels()
    await client.wait_for_ready(30)
    client.execute("import time; time.sleep(600)")
    await asyncio.sleep(1)
    client.stop_channels()  # nobody listens, and it says nothing: only the kernel's state tells of its work
    connected = _kernel_at(gateway(hub, CONNECTED))
    await connected.start_kernel()
    page = connected.client()
    await page.start_channels()
    await page.wait_for_ready(30)
    gateway(hub, UNUSED)
    browser.login("analyst", follow=False)
    base = await asyncio.to_thread(browser.server, "analyst")
    kernel = await asyncio.to_thread(browser.start_kernel, "analyst")
    began = time.monotonic()
    await _until(lambda: _kernel_is_gone(browser, base, kernel), KERNEL_IDLE * 4)
    await _until(lambda: not runs(hub, UNUSED), GATEWAY_IDLE * 4)
    await _until(lambda: not runs(hub, "analyst"), IDLE * 4)
    assert time.monotonic() - began > GATEWAY_IDLE
    assert runs(hub, BUSY), "its kernel computes"
    assert runs(hub, CONNECTED), "somebody looks at its kernel"
    page.stop_channels()
    await _until(lambda: not runs(hub, CONNECTED), GATEWAY_IDLE * 5)
    assert runs(hub, BUSY), "its kernel still computes"
    await _kernel_at(gateway(hub, BUSY), busy.kernel_id).interrupt_kernel()  # the first token was short
    await _until(lambda: not runs(hub, BUSY), GATEWAY_IDLE * 5)


def test_the_culler_may_only_see_and_end_servers(hub: Any) -> None:
    with hub.api("culler") as api:
        assert api.get("users").status_code == 200
        assert api.post("users/analyst/server").status_code in {403, 404}
        assert api.post("users/analyst/tokens", json={}).status_code in {403, 404}
        assert api.delete("users/nobody").status_code in {403, 404}
        assert httpx.get(f"{hub.url}/services/notehouse/", headers=api.headers).status_code in {200, 404}


def _kernel_at(found: tuple[str, str], kernel: str | None = None) -> RemoteKernelManager:
    return RemoteKernelManager(url=found[0], hub_token=found[1], execution_token="t", kernel_id=kernel)


def _kernel_is_gone(browser: Any, base: str, kernel: str) -> bool:
    return cast(int, browser.client.get(f"{base}api/kernels/{kernel}").status_code) == 404


async def _until(true: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(true):
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.5)
