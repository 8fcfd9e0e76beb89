"""What an author's notebook leaves when it runs with a viewer's richer rights: nothing that the author can read."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from integration.gateway.conftest import HUB_TOKEN, POORER, Gateway, found, serving_walled
from integration.gateway.forks import gone
from integration.gateway.test_notebook_templates import prepared
from notehouse_core.remote_kernel import RemoteKernelManager
from notehouse_core.remote_template import RemoteTemplate

KEY = "e7" * 16

LEAVE = """
import ctypes, json, os, socket, stat, subprocess, tempfile
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
def abstract():
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(b"\\0left-by-a-kernel")
    listener.listen()
    globals()["listener"] = listener
def process():
    environment = {**os.environ, "SECRET": secret.decode()}
    program = ["setsid", "--fork", "sleep", "600.4748"]  # in a session of its own, which outlives its kernel
    subprocess.run(program, env=environment, check=True)
def written_in(folder):
    try:
        return folder not in ("/tmp", "/dev/shm") and os.stat(folder).st_mode & stat.S_IWOTH
    except OSError:
        return False
shallow = [one for one, _, _ in os.walk("/") if one.count("/") < 4 and not one.startswith(("/proc", "/sys"))]
print(json.dumps({
    "/tmp": left(file("/tmp/left-by-a-kernel")),
    "tempfile": left(lambda: tempfile.NamedTemporaryFile(delete=False).write(secret)),
    "memory": left(memory),
    "system v": left(system_v),
    "abstract": left(abstract),
    "process": left(process),
    "home": left(file("left-by-a-kernel")),
    "history": str(get_ipython().history_manager.hist_file),
    "elsewhere": {one: left(file(one + "/left-by-a-kernel")) for one in shallow if written_in(one)},
}))
"""

FIND = """
import ctypes, glob, json, os, socket
secret = b"rows-of-" + b"the-richer-class"
skipped = {"proc", "sys", ".git", ".venv", "node_modules", "site-packages", "dist-packages", "usr", "lib"}
mine = os.path.dirname(os.path.dirname(os.environ["HOME"]))
places = []
for folder, below, names in os.walk("/"):
    below[:] = [one for one in below if one not in skipped and folder.count("/") < 4]
    places += [os.path.join(folder, name) for name in names]
for room in ROOMS:
    places += [os.path.join(folder, name) for folder, _, names in os.walk(room) for name in names]
own = str(os.getpid())
others = [one for one in glob.glob("/proc/[0-9]*") if one.rpartition("/")[2] != own]
places += [one + rest for one in others for rest in ("/environ", "/cmdline")]
places += [one for each in others for one in glob.glob(each + "/fd/*")]
def holds(place):
    try:
        if os.path.islink(place) and "/fd/" not in place or not os.path.isfile(place) or os.path.getsize(place) > 2**24:
            return False
        with open(os.open(place, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            return secret in file.read(2**24)
    except OSError:
        return False
def answers():
    try:
        socket.socket(socket.AF_UNIX).connect(b"\\0left-by-a-kernel")
        return True
    except OSError:
        return False
print(json.dumps({
    "files": [place for place in places if holds(place) and not place.startswith(mine)],
    "rooms": [one for one in ROOMS if os.access(one, os.R_OK)],
    "system v": ctypes.CDLL(None).shmget(0x4e48, 0, 0) >= 0,
    "abstract": answers(),
}))
"""


@pytest.fixture(scope="module")
def poorer(ports: list[int]) -> Iterator[Gateway]:
    """The gateway of the class that an author's own code runs in."""
    with serving_walled(ports, POORER) as running:
        yield running


def manager(gateway: Gateway, **options: Any) -> RemoteKernelManager:
    return RemoteKernelManager(url=gateway.url, hub_token=HUB_TOKEN, execution_token="a-token", **options)


@asynccontextmanager
async def template_of(gateway: Gateway, cell: str) -> AsyncIterator[str]:
    state = await prepared(RemoteTemplate(gateway.url, HUB_TOKEN, KEY), cell)
    assert state.state == "ready", state
    yield KEY
    with gateway.http() as client:
        client.delete(f"api/templates/{KEY}").raise_for_status()


async def test_the_author_finds_nothing_of_what_a_richer_class_left(walled: Gateway, poorer: Gateway) -> None:
    rooms = [str(walled.folder)] if os.geteuid() == 0 else []  # else one user runs all, as the log says
    find = f"ROOMS = {rooms}\n{FIND}"
    nothing = {"files": [], "rooms": [], "system v": False, "abstract": False}
    async with (
        template_of(walled, "print('rows-of-' + 'the-richer-class')") as key,
        manager(poorer) as author,
    ):
        async with manager(walled, template=key), manager(walled) as viewer:
            left = await found(viewer, LEAVE)
            assert {
                left[name] for name in ("tempfile", "memory", "system v", "abstract", "process", "home")
            } == {True}
            assert left["/tmp"] in (True, "Read-only file system")  # that where Python is in there
            assert Path(left["history"]).is_relative_to(walled.folder)
            assert {*left["elsewhere"].values()} <= {"Read-only file system"}
            assert await found(author, find) == nothing
            assert seen_outside() == []
            started = started_by_kernels()
            assert len(started) == 1
        assert await gone(started, 10)
        assert await found(author, find) == nothing
    assert "Kernels write to" in (walled.folder / "log").read_text()
    assert not list(walled.folder.glob("kernels/*/left-by-a-kernel"))


def started_by_kernels() -> list[int]:
    """The processes that the notebook has sent off."""
    return [int(one.parent.name) for one in Path("/proc").glob("[0-9]*/cmdline") if "600.4748" in read(one)]


def read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


def seen_outside() -> list[str]:
    """What this machine's other users find: in folders that all write to, and in shared memory of both kinds."""
    places = ("/tmp", "/var/tmp", "/dev/shm", "/run/lock", "/var/lock")
    files = [str(one) for place in places for one in Path(place).glob("*left-by-a-kernel*")]
    segments = [line.split()[0] for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]
    return files + [one for one in segments if int(one) == 0x4E48]
