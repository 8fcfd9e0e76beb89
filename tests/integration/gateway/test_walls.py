"""Kernels of a gateway that is not root: what they reach, and what one that means harm does to the others."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from nbclient.exceptions import CellExecutionError, DeadKernelError

from integration.gateway.conftest import HUB_TOKEN, LARGE, Gateway, found
from integration.gateway.forks import children, descendants, gone, outside
from integration.gateway.test_notebook_templates import prepared
from integration.gateway.test_remote_kernel import run
from notehouse_core.remote_kernel import RemoteKernelManager
from notehouse_core.remote_template import RemoteTemplate
from notehouse_gateway.priority import LOW, USUAL

Kernels = Callable[..., RemoteKernelManager]


@pytest.fixture
def kernel(walled: Gateway) -> Kernels:
    def make(**options: object) -> RemoteKernelManager:
        chosen = {"url": walled.url, "hub_token": HUB_TOKEN, "execution_token": "first", **options}
        return RemoteKernelManager(**chosen)  # type: ignore[arg-type]

    return make


NETWORK = """
import json, socket, urllib.request
def size(port, path):
    try:
        return len(urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10).read())
    except OSError as error:
        return type(error).__name__
def far():
    try:
        return bool(socket.create_connection(("192.0.2.1", 443), 5))
    except OSError as error:
        return error.strerror
print(json.dumps([size(PORTS[0], "large"), size(PORTS[1], ""), size(PORTS[2], ""), far()]))
"""


async def test_a_kernel_reaches_the_query_gateway_and_the_api_alone(
    kernel: Kernels, ports: list[int], walled: Gateway
) -> None:
    async with kernel() as km:
        assert await found(km, f"PORTS = {ports}\n{NETWORK}") == [
            LARGE, 1, "URLError", "Network is unreachable"
        ]  # fmt: skip
    assert f"Kernels reach 127.0.0.1:{min(ports[:2])}" in (walled.folder / "log").read_text()


LOOK = """
import json, os
def readable(path):
    try:
        return bool(open(path).read())
    except OSError:
        return False
def can_end(pid):
    try:
        os.kill(pid, 0)
        return True
    except OSError:
        return False
others = [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]
print(json.dumps({
    "memory": [pid for pid in others if readable(f"/proc/{pid}/environ")],
    "signals": [pid for pid in others if can_end(pid)],
    "gains": open("/proc/self/status").read().count("CapEff:\\t0000000000000000"),
}))
"""


async def test_a_kernel_neither_reads_nor_ends_the_others(kernel: Kernels) -> None:
    async with kernel(), kernel() as km:
        seen = await found(km, LOOK)
    assert seen["memory"] == []
    assert seen["gains"] == 1
    if scoped_signals():
        assert seen["signals"] == []


def scoped_signals() -> bool:
    """Whether the system keeps signals inside: Linux 6.12 and later."""
    major, minor = os.uname().release.split(".")[:2]
    return (int(major), int(minor.partition("-")[0])) >= (6, 12)


BOMB = """
import json, os, time
started = 0
try:
    while started < 5000:
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        started += 1
except BlockingIOError:
    pass
print(json.dumps(started))
"""


async def test_one_that_forks_without_end_ends_alone(kernel: Kernels, walled: Gateway) -> None:
    async with kernel() as neighbour:
        async with kernel() as km:
            assert 100 < await found(km, BOMB) < 512
            assert await found(neighbour, "import subprocess; print(subprocess.call('true'))") == 0
            bomb = [pid for pid in descendants(walled.process.pid) if len(children(pid)) > 50]
            assert len(bomb) == 1
            parts = descendants(bomb[0])
        assert await found(neighbour, "print(1)") == 1
    assert await gone(parts, 10)


ENDLESS = """
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
"""


async def test_one_that_goes_on_at_its_limit_of_processes_is_ended_and_says_why(
    kernel: Kernels, walled: Gateway
) -> None:
    async with kernel() as neighbour, kernel() as km:
        with pytest.raises(DeadKernelError):
            await run(km, ENDLESS)
        assert await km.why_ended() == (
            "The kernel was ended at its limit of 512 processes and threads: it went on to start more."
        )
        assert await found(neighbour, "print(1)") == 1
        with walled.http() as client:
            (listed,) = client.get("api/watch").raise_for_status().json()["kernels"]
        assert listed["processes"] == 1
        assert 'notehouse_kernels_ended_total{limit="processes"} 1.0' in metrics_of(walled)


def metrics_of(gateway: Gateway) -> str:
    with gateway.http() as client:
        return client.get("metrics").raise_for_status().text


@pytest.mark.parametrize(
    "start", ["os.fork", "lambda: threading.Thread(target=time.sleep, args=(20,)).start()"]
)
async def test_a_cell_at_that_limit_is_told_of_it(kernel: Kernels, start: str) -> None:
    cell = f"""
import os, threading, time
start = {start}
for _ in range(600):
    if start() == 0:
        time.sleep(20)
        os._exit(0)
"""
    async with kernel() as km:
        with pytest.raises(CellExecutionError, match="limit of 512 processes and threads"):
            await run(km, cell)


async def test_one_that_computes_for_long_makes_way_for_the_others_until_it_pauses(
    kernel: Kernels, walled: Gateway
) -> None:
    """As far as the system shares out among sessions: it says so of every process then."""
    whose = "import json, os; print(json.dumps(os.getpid()))"
    async with kernel() as km, kernel() as neighbour:
        greedy, modest = [outside(walled.process.pid, await found(one, whose)) for one in (km, neighbour)]
        client = km.client()
        await client.start_channels()
        client.execute("while True: pass")
        assert await settles(greedy, f"nice {LOW}")
        assert "nice 0" in autogroup(modest)
        await km.interrupt_kernel()
        assert await settles(greedy, f"nice {USUAL}")
        client.stop_channels()


async def settles(pid: int, share: str) -> bool:
    """Whether a session comes to have a share within some seconds."""
    for _ in range(200):
        if autogroup(pid).endswith(share):
            return True
        await asyncio.sleep(0.1)
    return False


def autogroup(pid: int) -> str:
    return Path(f"/proc/{pid}/autogroup").read_text().strip()


SEARCH = """
import glob, json, os
home = os.path.dirname(os.path.dirname(os.environ["HOME"]))
places, code = [], {".git", ".venv", "node_modules", "site-packages"}  # what was there before any token was
for mine in (home, "/tmp", "/var/tmp", "/dev/shm"):
    for folder, below, names in os.walk(mine):
        below[:] = [one for one in below if one not in code]
        places += [os.path.join(folder, name) for name in names]
me = str(os.getpid())
places += [one for one in glob.glob("/proc/[0-9]*/fd/*") + glob.glob("/proc/[0-9]*/environ") if one.split("/")[2] != me]
def holds(place):
    try:
        if not os.path.isfile(place) or os.path.getsize(place) > 2**20:
            return False
        descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            return WANTED in file.read(2**20)
    except OSError:
        return False
print(json.dumps([place for place in places if holds(place)]))
"""


async def test_a_kernel_finds_no_token_of_its_neighbours(kernel: Kernels, walled: Gateway) -> None:
    """They read with the same rights, but for other people, and their tokens open other pages."""
    key = "d3" * 16
    state = await prepared(RemoteTemplate(walled.url, HUB_TOKEN, key), "x = 1")
    assert state.state == "ready", state
    secret = "-".join(("token", "of", "a", "neighbour"))  # in no file that Python has compiled
    async with (
        kernel(execution_token=secret) as neighbour,
        kernel(template=key, execution_token=secret + "-too") as other,
        kernel(execution_token="mine") as km,
    ):
        reads = "import json, os; print(json.dumps(open(os.environ['NOTEHOUSE_TOKEN_FILE']).read()))"
        assert [await found(one, reads) for one in (neighbour, other, km)] == [
            secret,
            secret + "-too",
            "mine",
        ]
        assert await found(km, f"WANTED = b'token-' + b'of-a-neighbour'\n{SEARCH}") == []
        await neighbour.renew_token("the-next-" + secret)
        assert await found(neighbour, reads) == "the-next-" + secret
        assert await found(km, SEARCH) == []
        planted = "open('mine', 'wb').write(WANTED); print(json.dumps(os.path.abspath('mine')))"
        assert await found(km, f"WANTED = WANTED\n{planted}") in await found(km, SEARCH)


async def test_kernels_of_a_notebook_that_ran_have_the_same_walls(
    kernel: Kernels, walled: Gateway, ports: list[int]
) -> None:
    key = "c9" * 16
    state = await prepared(RemoteTemplate(walled.url, HUB_TOKEN, key), f"PORTS = {ports}")
    assert state.state == "ready", state
    async with kernel(template=key), kernel(template=key) as km:
        assert await found(km, NETWORK) == [LARGE, 1, "URLError", "Network is unreachable"]
        seen = await found(km, LOOK)
    assert seen["memory"] == []
    assert seen["signals"] == [] or not scoped_signals()
