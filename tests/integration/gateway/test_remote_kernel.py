"""A kernel at a real gateway, driven the way nbclient and papermill drive a local one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, cast

import nbformat
import pytest
from jupyter_core.utils import run_sync
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from tornado.httpclient import HTTPClientError
from tornado.websocket import websocket_connect

from notehouse_core.remote_kernel import RemoteKernelError, RemoteKernelManager

Kernels = Callable[..., RemoteKernelManager]
WIDGET = "import ipywidgets; slider = ipywidgets.IntSlider(); print(slider.model_id, slider.layout.model_id)"


def notebook(*cells: str) -> nbformat.NotebookNode:
    made: nbformat.NotebookNode = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells]
    )
    return made


async def run(km: RemoteKernelManager, *cells: str, **options: object) -> list[str]:
    """Execute cells and return what each printed."""
    made = notebook(*cells)
    await NotebookClient(made, km=cast(Any, km), timeout=30, **options).async_execute()
    return ["".join(output.get("text", "") for output in cell.outputs) for cell in made.cells]


async def test_outputs_come_back_in_order(kernel: Kernels) -> None:
    async with kernel() as km:
        printed = await run(km, "x = 41", "print(x + 1)", "import sys; print('to stderr', file=sys.stderr)")
    assert printed == ["", "42\n", "to stderr\n"]


async def test_environment_is_the_allow_list(kernel: Kernels) -> None:
    async with kernel(seed="ab" * 16) as km:
        (printed,) = await run(km, "import json, os; print(json.dumps(dict(os.environ)))")
    environment = json.loads(printed)
    assert not [name for name in environment if name.startswith("JUPYTERHUB")]
    ours = {name for name in environment if name.startswith("NOTEHOUSE")}
    assert ours == {"NOTEHOUSE_TOKEN_FILE", "NOTEHOUSE_QUERY_URL", "NOTEHOUSE_API_URL"}
    assert environment["NOTEHOUSE_TOKEN_FILE"].startswith("/proc/")


async def test_each_kernel_has_its_own_token_and_what_it_starts_can_read_it(kernel: Kernels) -> None:
    look = (
        "import os, subprocess, sys; f = os.environ['NOTEHOUSE_TOKEN_FILE']\n"
        "program = \"import os; print(open(os.environ['NOTEHOUSE_TOKEN_FILE']).read())\"\n"
        "started = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)\n"
        "print(open(f).read(), started.stdout.strip(), oct(os.stat(os.getcwd()).st_mode & 0o777))"
    )
    async with kernel(execution_token="one") as first, kernel(execution_token="two") as second:
        assert await run(first, look) == ["one one 0o700\n"]
        assert await run(second, look) == ["two two 0o700\n"]
        await first.renew_token("three")
        assert await run(first, look) == ["three three 0o700\n"]
        assert await run(second, look) == ["two two 0o700\n"]


async def test_same_seed_same_widget_ids(kernel: Kernels) -> None:
    printed = []
    for seed in ("ab" * 16, "ab" * 16, "cd" * 16, None):
        async with kernel(seed=seed) as km:
            printed += await run(km, WIDGET)
    same, again, other, unseeded = printed
    assert same == again
    assert len({*same.split(), *other.split(), *unseeded.split()}) == 6


async def test_nothing_of_a_kernel_stays(kernel: Kernels, gateway: Any) -> None:
    async with kernel() as km:
        await run(km, "open('left-behind', 'w').write('x')")
        assert len(gateway.desks) == 1
    assert gateway.desks == []
    assert not await km.is_alive()


async def test_failing_cell_is_named(kernel: Kernels) -> None:
    async with kernel() as km:
        with pytest.raises(CellExecutionError, match="division by zero"):
            await run(km, "1 / 0")
        assert await km.is_alive()


async def test_timeout_interrupts_and_the_kernel_lives_on(kernel: Kernels) -> None:
    async with kernel() as km:
        made = notebook("import time; time.sleep(60)", "print('after')")
        client = NotebookClient(
            made, km=cast(Any, km), timeout=1, interrupt_on_timeout=True, allow_errors=True
        )
        await client.async_execute()
    assert made.cells[0].outputs[-1].ename == "KeyboardInterrupt"
    assert made.cells[1].outputs[0].text == "after\n"


async def test_timeout_without_interrupt_raises(kernel: Kernels) -> None:
    async with kernel() as km:
        with pytest.raises(CellTimeoutError):
            await NotebookClient(notebook("while True: pass"), km=cast(Any, km), timeout=1).async_execute()


@pytest.mark.parametrize(
    ("end", "why"),
    [
        ("os._exit(3)", "ended itself, with code 3"),
        ("os.kill(os.getpid(), 9)", "by the system"),
        ("os.kill(os.getpid(), 24)", "limit of CPU time (14,400 s)"),
        ("os.abort()", "SIGABRT"),
    ],
)
async def test_death_of_the_kernel_is_seen(kernel: Kernels, gateway: Any, end: str, why: str) -> None:
    async with kernel() as km:
        with pytest.raises(DeadKernelError):
            await asyncio.wait_for(run(km, f"import os; {end}"), 10)
        assert why in await km.why_ended()
        assert not await km.is_alive()
    assert gateway.desks == []


async def test_interrupt(kernel: Kernels) -> None:
    async with kernel() as km:
        client = km.client()
        await client.start_channels()
        await client.wait_for_ready(timeout=30)
        request = client.execute("import time; time.sleep(60)")
        await asyncio.sleep(0.5)
        await km.interrupt_kernel()
        reply = await client._recv_reply(request, timeout=10)
    assert reply["content"]["ename"] == "KeyboardInterrupt"


async def test_output_without_end_is_cut_with_a_word_about_it(kernel: Kernels) -> None:
    async with kernel(output_limit=3 * 2**20) as km:
        flood, after = await run(
            km,
            "import sys\nfor i in range(40):\n    print('x' * 10**6); sys.stdout.flush()",
            "print('later')",
        )
    assert len(flood) < 4 * 2**20
    assert "wrote more than 3 MiB" in flood
    assert after == ""


async def test_one_huge_output_does_not_end_the_kernel(kernel: Kernels) -> None:
    async with kernel() as km:
        flood, after = await run(km, "print('x' * 120_000_000)", "print('later')")
    assert "was cut here" in flood
    assert len(flood) < 2 * 2**20
    assert after == "later\n"


async def test_binary_buffers_travel(kernel: Kernels) -> None:
    code = "import comm; comm.create_comm(target_name='t').send({'a': 1}, buffers=[b'\\x00\\xff'])"
    async with kernel() as km:
        client = km.client()
        await client.start_channels()
        await client.wait_for_ready(timeout=30)
        client.execute(code)
        while True:
            message = await client.get_iopub_msg(timeout=10)
            if message["msg_type"] == "comm_msg":
                break
    assert [bytes(buffer) for buffer in message["buffers"]] == [b"\x00\xff"]


async def test_limit_on_kernels(kernel: Kernels) -> None:
    async with kernel(), kernel(), kernel():
        with pytest.raises(RemoteKernelError, match="already runs 3 kernels"):
            await kernel().start_kernel()


async def test_refusals_say_why(kernel: Kernels) -> None:
    with pytest.raises(RemoteKernelError, match="Hub token is expired"):
        await kernel(hub_token="wrong").start_kernel()
    with pytest.raises(RemoteKernelError, match="no kernel 'python3' here"):
        await kernel(kernel_name="python3").start_kernel()
    with pytest.raises(RemoteKernelError, match="seed must be"):
        await kernel(seed="no hex").start_kernel()
    with pytest.raises(RemoteKernelError, match="did not answer"):
        await kernel(url="http://127.0.0.1:9/").start_kernel()


async def test_websocket_needs_the_token(kernel: Kernels) -> None:
    async with kernel() as km:
        stranger = kernel(hub_token="wrong", kernel_id=km.kernel_id)
        with pytest.raises(RemoteKernelError, match="Hub token is expired"):
            await stranger.client().start_channels()


async def test_a_token_in_an_address_counts_for_websockets_alone(kernel: Kernels, gateway: Any) -> None:
    """Browsers can send no header with those; addresses of other requests are in too many logs."""
    async with kernel() as km:
        with gateway.http("wrong") as client:
            assert client.get("api/kernels", params={"token": "open-sesame"}).status_code == 403
        channels = f"ws{gateway.url.removeprefix('http')}api/kernels/{km.kernel_id}/channels"
        (await websocket_connect(f"{channels}?token=open-sesame")).close()
        with pytest.raises(HTTPClientError, match="403"):
            await websocket_connect(f"{channels}?token=wrong")


@pytest.mark.parametrize(
    "path",
    [
        "api/contents",
        "api/sessions",
        "api/terminals",
        "api/config/x",
        "files/x",
        "lab",
        "nbconvert/html/x",
        "api/shutdown",
    ],
)
def test_nothing_but_kernels_is_served(gateway: Any, path: str) -> None:
    with gateway.http() as client:
        assert client.get(path).status_code == 404
        assert client.get("api/kernelspecs").json()["kernelspecs"].keys() == {"notehouse"}


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"name": "notehouse"},
        {"name": "notehouse", "token": 1},
        {"name": "notehouse", "token": "t", "env": {}},
    ],
)
def test_bad_bodies_are_400_and_leave_nothing(gateway: Any, body: object) -> None:
    with gateway.http() as client:
        answer = client.post("api/kernels", json=body)
    assert answer.status_code == 400
    assert gateway.desks == []


def test_no_kernel_can_be_restarted(gateway: Any) -> None:
    with gateway.http() as client:
        kernel_id = client.post("api/kernels", json={"name": "notehouse", "token": "t"}).json()["id"]
        assert client.post(f"api/kernels/{kernel_id}/restart").status_code == 404
        assert client.delete(f"api/kernels/{kernel_id}").status_code == 204


def test_papermill_runs_on_it(kernel: Kernels) -> None:
    """papermill is synchronous: its loop only turns while it waits."""
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NotebookExecutionManager

    made = notebook("x = 1", "print(x + 1)")
    for cell in made.cells:
        cell.metadata.papermill = {}
    km = kernel()
    manager = NotebookExecutionManager(made)
    PapermillNotebookClient(manager, km=km, startup_timeout=30).execute(cleanup_kc=True)
    assert made.cells[1].outputs[0].text == "2\n"
    assert not run_sync(km.is_alive)()


def test_gateway_without_a_caller_left_forgets_nothing(gateway: Any) -> None:
    """A caller that vanishes leaves its kernel; another with the token can attach to it or end it."""
    with gateway.http() as client:
        kernel_id = client.post("api/kernels", json={"name": "notehouse", "token": "t"}).json()["id"]

        async def attach() -> list[str]:
            km = RemoteKernelManager(url=gateway.url, hub_token="open-sesame", kernel_id=kernel_id)
            async with km:
                return await run(km, "print('found')")

        assert asyncio.run(attach()) == ["found\n"]
        assert client.get("api/kernels").json() == []
