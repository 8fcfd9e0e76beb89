"""Kernels of a gateway that is not root: what they reach, and what one that means harm does to the others."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from integration.gateway.conftest import HUB_TOKEN, Gateway, serving
from integration.gateway.forks import children
from integration.gateway.test_notebook_templates import prepared
from integration.gateway.test_remote_kernel import run
from notehouse_core.remote_kernel import RemoteKernelManager
from notehouse_core.remote_template import RemoteTemplate

USER = 65_534
LARGE = 2**26
Kernels = Callable[..., RemoteKernelManager]


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


@pytest.fixture(scope="module")
def ports() -> Iterator[list[int]]:
    """Three services: the query gateway, the API, and one that kernels have no business with."""
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Answers) for _ in range(3)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield [server.server_port for server in servers]
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def walled(ports: list[int]) -> Iterator[Gateway]:
    """A gateway with the network cut, as a user that is not root."""
    user = USER if os.geteuid() == 0 else None
    # Not in /tmp, which kernels have one of their own of.
    with tempfile.TemporaryDirectory(dir="/var/lib" if user is not None else None) as name:
        folder = Path(name)
        if user is not None:
            os.chown(folder, user, user)
        query, api = (f"http://127.0.0.1:{port}" for port in ports[:2])
        with serving(folder, query, f"{api}/api", user) as running:
            yield running


@pytest.fixture
def kernel(walled: Gateway) -> Kernels:
    def make(**options: object) -> RemoteKernelManager:
        chosen = {"url": walled.url, "hub_token": HUB_TOKEN, "execution_token": "first", **options}
        return RemoteKernelManager(**chosen)  # type: ignore[arg-type]

    return make


async def found(km: RemoteKernelManager, code: str) -> Any:
    """What a kernel prints as JSON."""
    (printed,) = await run(km, code)
    return json.loads(printed)


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


LEAVE = """
import ctypes, json, mmap, os, stat, tempfile
from multiprocessing import shared_memory
secret = b"rows-of-" + b"the-richer-class"
def left(make):
    try:
        make()
        return True
    except OSError as error:
        return error.strerror
def file(path):
    def make():
        with open(path, "wb") as opened:
            opened.write(secret)
        os.chmod(path, 0o666)
    return make
def memory():
    made = shared_memory.SharedMemory("left-by-a-kernel", create=True, size=1000)
    made.buf[:len(secret)] = secret
def system_v():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.shmget(0x4e48, 4096, 0o1666) < 0:
        raise OSError(ctypes.get_errno(), "no")
open_to_all = [folder for folder, _, _ in os.walk("/") if folder.count("/") < 4 and not folder.startswith(("/proc", "/sys"))
    and os.stat(folder).st_mode & stat.S_IWOTH and folder not in ("/tmp", "/dev/shm")]
print(json.dumps({
    "/tmp": left(file("/tmp/left-by-a-kernel")),
    "tempfile": left(lambda: tempfile.NamedTemporaryFile(delete=False).write(secret)),
    "memory": left(memory),
    "system v": left(system_v),
    "elsewhere": {folder: left(file(folder + "/left-by-a-kernel")) for folder in open_to_all},
    "home": left(file("left-by-a-kernel")),
}))
"""


async def test_what_code_leaves_for_others_to_read_is_not_there_for_them(
    kernel: Kernels, walled: Gateway
) -> None:
    """An author's notebook runs with a viewer's richer rights; what it leaves is no use to whoever wrote it."""
    async with kernel() as km:
        left = await found(km, LEAVE)
        assert left["home"] is True
        assert left["/tmp"] in (True, "Read-only file system")
        assert left["memory"] is True
        assert left["system v"] is True
        assert seen_outside(walled) == []
    assert "Kernels write to" in (walled.folder / "log").read_text()
    assert not list(walled.folder.glob("kernels/*/left-by-a-kernel"))


def seen_outside(gateway: Gateway) -> list[str]:
    """What others find of what a kernel left: in folders that all write to, and in shared memory of both kinds."""
    places = ("/tmp", "/var/tmp", "/dev/shm", "/run/lock", "/var/lock")
    files = [one for place in places for one in Path(place).glob("**/*left-by-a-kernel*")]
    segments = [line.split()[0] for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]
    return [str(one) for one in files if not one.is_relative_to(gateway.folder)] + [
        one for one in segments if int(one) == 0x4E48
    ]


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
        assert await found(neighbour, "print(1)") == 1
    left = [pid for pid in descendants(walled.process.pid) if len(children(pid)) > 50]
    assert left == []


def descendants(pid: int) -> list[int]:
    return [pid, *(one for child in children(pid) for one in descendants(child))]


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
