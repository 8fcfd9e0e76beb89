"""Kernels by fork of a template: like any other kernel, only sooner; nothing of them stays."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration.gateway.forks import children, descriptors, exists, gone, is_fork, restarted, running, said
from notehouse_gateway import templates as module
from notehouse_gateway.templates import Templates

IN_A_ROW = 80
AT_ONCE = 50
CHANCE = (
    "import random, uuid, secrets, numpy\n"
    "print(random.random(), uuid.uuid4(), secrets.token_hex(8), numpy.random.random(),"
    " numpy.random.default_rng().random(), get_ipython().kernel.session.session, get_ipython().kernel.session.key.hex())"
)


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Templates]:
    home = tmp_path_factory.mktemp("home")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))  # as a shell has it
    keeper = Templates.instance(patience=60.0)
    keeper.begin({"PATH": os.environ["PATH"], "HOME": str(home), "SECRET": "x"}, str(home))
    yield keeper
    keeper.end()
    Templates.clear_instance()


@pytest.fixture
def home(templates: Templates, tmp_path: Path) -> dict[str, object]:
    """The options of a kernel with a home of its own."""
    return {"env": {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TZ": "UTC"}, "cwd": str(tmp_path)}


async def test_a_kernel_is_a_fork_with_an_environment_of_its_own(
    home: dict[str, object], templates: Templates, tmp_path: Path
) -> None:
    look = "import os, json, sys; print(json.dumps([dict(os.environ), os.getcwd(), 'pandas' in sys.modules, sys.path]))"
    async with running(**home) as (manager, client):
        environment, cwd, imported, path = json.loads(await said(client, look))
        assert is_fork(manager)
        pid = manager.provisioner.pid  # type: ignore[union-attr]
        assert pid in children(templates.usual_pid)
        assert title(pid) == "ipykernel_launcher, a fork"
    assert (environment["HOME"], environment["TZ"], cwd) == (str(tmp_path), "UTC", str(tmp_path))
    assert "SECRET" not in environment
    assert imported
    assert "" in path


FACTS = """
import gc, json, signal, sys, threading, warnings
import altair, comm, numpy, pandas, ipywidgets
named = lambda one: getattr(one, "__qualname__", str(one))
print(json.dumps({
    "pandas": {name: repr(pandas.get_option(name)) for name in pandas._config.config._registered_options},
    "numpy": repr(numpy.get_printoptions()),
    "comm targets": sorted(comm.get_comm_manager().targets),
    "altair": [altair.renderers.active, altair.data_transformers.active],
    "path": sys.path[1:],
    "argv": len(sys.argv) > 0,
    "main": [sys.modules["__main__"].__name__, __name__, repr(sys.modules["__main__"] is get_ipython().user_module)],
    "signals": {str(one): named(signal.getsignal(one)) for one in signal.valid_signals()},
    "threads": sorted(type(one).__name__ for one in threading.enumerate()),
    "magics": sorted(get_ipython().magics_manager.magics["cell"]),
    "extensions": sorted(get_ipython().extension_manager.loaded),
    "hooks": [named(sys.excepthook), type(sys.displayhook).__name__, type(sys.stdout).__name__],
    "history": get_ipython().history_manager.enabled,
    "gc": [gc.isenabled(), gc.get_threshold()],
    "warnings": [repr(one) for one in warnings.filters],
    "flags": repr(sys.flags),
    "recursion": sys.getrecursionlimit(),
}, default=repr))
"""


# Nobody needs to look after a fork's parent, and urllib3 is imported already; the rest must be the same.
DIFFERENT = (
    ".threads: ParentPollerUnix only otherwise",
    ".pandas.display.encoding: 'utf-8' in the fork",
    "urllib3",
)


async def test_a_fork_is_like_any_kernel(home: dict[str, object], templates: Templates) -> None:
    async with running(**home) as (manager, client):
        fork = json.loads((await said(client, FACTS)).splitlines()[0])
        assert is_fork(manager)
    templates.enabled = False
    try:
        async with running(**home) as (manager, client):
            other = json.loads((await said(client, FACTS, 60)).splitlines()[0])
            assert not is_fork(manager)
    finally:
        templates.enabled = True
    found = [one for one in differences(fork, other) if not any(known in one for known in DIFFERENT)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("forked", [True, False])
async def test_a_kernel_listens_where_only_its_user_can_connect(
    home: dict[str, object], templates: Templates, forked: bool
) -> None:
    """On sockets of its own, not on ports that others could take before it does."""
    templates.enabled = forked
    try:
        async with running(**home) as (manager, client):
            assert await said(client, "print(1)", 60) == "1\n"
            assert is_fork(manager) == forked
            sockets = [Path(f"{manager.ip}-{port}") for port in manager.ports]
            assert all(one.is_socket() for one in sockets)
            assert sockets[0].parent.stat().st_mode & 0o777 == 0o700
            await restarted(manager, client)
            assert await said(client, "print(2)", 60) == "2\n"
        assert not any(one.exists() for one in sockets)
    finally:
        templates.enabled = True


async def test_interrupt_restart_and_shutdown(home: dict[str, object]) -> None:
    async with running(**home) as (manager, client):
        first = manager.provisioner.pid  # type: ignore[union-attr]
        await said(client, "kept = 1")
        waiting = asyncio.create_task(said(client, "import time; time.sleep(60)"))
        await asyncio.sleep(0.5)
        await manager.interrupt_kernel()
        assert await waiting == "KeyboardInterrupt"
        assert await said(client, "print(kept)") == "1\n"
        await restarted(manager, client)
        assert await said(client, "print(kept)") == "NameError"
        assert is_fork(manager)
        second = manager.provisioner.pid  # type: ignore[union-attr]
        assert second != first
        await manager.shutdown_kernel()
        assert await gone([first, second], 5)


async def test_magics_widgets_and_top_level_await_work(home: dict[str, object]) -> None:
    async with running(**home) as (_, client):
        assert await said(client, "%%capture out\nprint('hidden')") == ""
        assert await said(client, "print(out.stdout)") == "hidden\n\n"
        assert await said(client, "%sqlcmd columns") == "SqlError"
        assert await said(client, "import asyncio; await asyncio.sleep(0); print('awaited')") == "awaited\n"
        assert await said(client, "!echo from a shell") == "from a shell\r\n"
        assert await said(
            client, "import ipywidgets; s = ipywidgets.IntSlider(); print(s.comm.kernel is not None)"
        ) == ("True\n")


@pytest.mark.parametrize("end", ["import os; os._exit(3)", "import os, signal; os.kill(os.getpid(), 9)"])
async def test_a_kernel_that_ends_itself_ends_alone(
    home: dict[str, object], end: str, tmp_path: Path
) -> None:
    async with running(**home) as (_, neighbour), running(**home) as (manager, client):
        client.execute(end)
        process = manager.provisioner.process  # type: ignore[union-attr]
        await asyncio.to_thread(process.wait, 5)
        assert not await manager.is_alive()
        assert process.returncode == (3 if "_exit" in end else -9)
        assert await said(neighbour, "print('here')") == "here\n"


async def test_what_a_kernel_had_started_ends_with_it(home: dict[str, object]) -> None:
    async with running(**home) as (manager, client):
        begin = "import os, subprocess; print(subprocess.Popen(['sleep', '600']).pid)"
        started = int(await said(client, begin))
        assert exists(started)
        client.execute("os._exit(1)")
        assert await gone([manager.provisioner.pid, started], 10)  # type: ignore[union-attr]


async def test_many_in_a_row_and_many_at_once_leave_nothing_and_have_nothing_in_common(
    home: dict[str, object], templates: Templates
) -> None:
    async def one() -> list[str]:
        async with running(**home) as (manager, client):
            assert is_fork(manager)
            return (await said(client, CHANCE, 60)).split()

    told = [await one()]
    template = templates.usual_pid
    before = (descriptors(), len(os.listdir(f"/proc/{template}/fd")), resident(template))
    told += [await one() for _ in range(IN_A_ROW)]
    told += await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    assert all(len(set(column)) == 1 + IN_A_ROW + AT_ONCE for column in zip(*told, strict=True))
    assert await gone(children(template), 10)
    after = (descriptors(), len(os.listdir(f"/proc/{template}/fd")), resident(template))
    assert after[0] <= before[0] + 5
    assert after[1] == before[1]
    assert after[2] < before[2] + 20


async def test_after_the_template_was_killed_kernels_start_again(
    home: dict[str, object], templates: Templates
) -> None:
    async with running(**home) as (manager, _):
        template, kernel = templates.usual_pid, manager.provisioner.pid  # type: ignore[union-attr]
        os.kill(template, signal.SIGKILL)
        await asyncio.to_thread(manager.provisioner.process.wait, 5)  # type: ignore[union-attr]
        assert not await manager.is_alive()
        assert await gone([template, kernel], 10)
    async with running(**home) as (manager, client):
        assert await said(client, "print('slow')", 60) == "slow\n"
        assert not is_fork(manager)
    async with running(**home) as (manager, client):
        assert await said(client, "print('fast')", 60) == "fast\n"
        assert is_fork(manager)


OWNER = """
import asyncio, sys
from integration.gateway.forks import running, said
from notehouse_gateway.templates import Templates

async def main():
    keeper = Templates.instance(patience=60.0)
    keeper.begin(cwd="/")
    async with running() as (manager, client):
        await said(client, "1")
        print(keeper.usual_pid, manager.provisioner.pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_nothing_outlives_a_server_that_was_killed(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    owner = subprocess.Popen(  # noqa: ASYNC220 - it is to be killed, whatever waits
        [sys.executable, "-c", OWNER], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    pids = [int(pid) for pid in (await asyncio.to_thread(owner.stdout.readline)).split()]
    assert all(exists(pid) for pid in pids)
    assert len(pids) == 2
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert await gone(pids, 10)


async def test_what_was_installed_since_is_seen(
    home: dict[str, object], templates: Templates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`%pip install` and a restart: a fork of an older template would not see the new version."""
    monkeypatch.setattr(module, "importable", lambda: (("elsewhere", 1),))
    async with running(**home) as (manager, client):
        assert await said(client, "print('new')", 60) == "new\n"
        assert not is_fork(manager)
    async with running(**home) as (manager, _):
        assert is_fork(manager)


def differences(one: Any, other: Any, about: str = "") -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() | other.keys():
            yield from differences(one.get(name), other.get(name), f"{about}.{name}")
    elif isinstance(one, list) and isinstance(other, list):
        yield from (f"{about}: {each} only in the fork" for each in one if each not in other)
        yield from (f"{about}: {each} only otherwise" for each in other if each not in one)
    elif one != other:
        yield f"{about}: {one} in the fork, {other} otherwise"


def title(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0")


def resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
