"""What code sends off, in sessions of its own and by any detour, ends with its kernel, its template, its gateway."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.gateway.conftest import HUB_TOKEN, Gateway, found, serving_as, serving_walled
from integration.gateway.forks import descendants, gone
from integration.gateway.test_notebook_templates import origins, prepared
from notehouse_core.remote_kernel import RemoteKernelManager
from notehouse_core.remote_template import RemoteTemplate

MODULE, KEEPER = "-m\0notehouse_gateway.template\0", "-m\0notehouse_gateway.enclosed\0"
OWNER = 65_532  # a Unix user that owns nothing

SEND_OFF = """
import json, os, subprocess
subprocess.run(["setsid", "--fork", "sleep", "601.4748"], check=True)
subprocess.run("nohup sleep 602.4748 > /dev/null 2>&1 &", shell=True, check=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", "603.4748"])
    os._exit(0)
os.wait()
print(json.dumps("sent off"))
"""


@pytest.fixture
def owned(ports: list[int]) -> Iterator[Gateway]:
    """A gateway that a test may kill."""
    with serving_walled(ports, OWNER) as running:
        yield running


def manager(gateway: Gateway, template: str | None = None) -> RemoteKernelManager:
    return RemoteKernelManager(
        url=gateway.url, hub_token=HUB_TOKEN, execution_token="a-token", template=template
    )


async def send_off(km: RemoteKernelManager) -> list[int]:
    """Have a kernel send off three processes; returns theirs, seen from here."""
    before = sent_off()
    assert await found(km, SEND_OFF) == "sent off"
    return await seen_since(before)


async def seen_since(before: list[int]) -> list[int]:
    """The three that were sent off since: some become what they shall be a moment later."""
    for _ in range(100):
        if len(new := sorted(set(sent_off()) - set(before))) == 3:
            return new
        await asyncio.sleep(0.05)
    raise TimeoutError(new)


def sent_off() -> list[int]:
    return [int(one.parent.name) for one in Path("/proc").glob("[0-9]*/cmdline") if ".4748\0" in read(one)]


def read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


def templates_of(gateway: Gateway) -> list[int]:
    """The process that has the libraries imported, and those that have run a notebook."""
    below = descendants(gateway.process.pid)
    return [pid for pid in below if MODULE in title(pid) and KEEPER not in title(pid)]


def title(pid: int) -> str:
    return read(Path(f"/proc/{pid}/cmdline"))


async def test_nothing_outlives_a_template_or_a_gateway_that_is_killed(owned: Gateway) -> None:
    km = manager(owned)
    await km.start_kernel()
    of_fork = await send_off(km)
    os.kill(templates_of(owned)[0], signal.SIGKILL)
    assert await gone(of_fork, 10)

    async with manager(owned) as anew:
        assert "process" in origins(owned)
        of_process = await send_off(anew)
    assert await gone(of_process, 10)

    os.kill(templates_of(owned)[0], signal.SIGKILL)
    anew, fork = manager(owned), manager(owned)
    for one in (anew, fork):
        await one.start_kernel()
    assert {"imports", "process"} <= set(origins(owned))
    everything = [*await send_off(anew), *await send_off(fork), *descendants(owned.process.pid)]
    owned.process.kill()
    owned.process.wait()
    assert await gone(everything, 10)


async def test_nothing_outlives_a_notebook_s_template_that_is_killed(owned: Gateway) -> None:
    key, before = "ab" * 16, sent_off()
    state = await prepared(RemoteTemplate(owned.url, HUB_TOKEN, key), SEND_OFF)
    assert state.state == "ready"
    of_template = await seen_since(before)
    km = manager(owned, key)
    await km.start_kernel()
    of_kernel = await send_off(km)
    _, branch = templates_of(owned)
    os.kill(branch, signal.SIGKILL)
    assert await gone([*of_kernel, *of_template], 10)
    async with manager(owned) as other:
        assert await found(other, "print(1)") == 1


async def test_without_walls_around_a_gateway_nothing_outlives_a_template_either() -> None:
    """As in a pod, where a gateway's kernels have the network that a policy leaves them."""
    with serving_as(OWNER, "http://query", "http://api") as gateway:
        km = manager(gateway)
        await km.start_kernel()
        sent = await send_off(km)
        os.kill(templates_of(gateway)[0], signal.SIGKILL)
        assert await gone(sent, 10)
