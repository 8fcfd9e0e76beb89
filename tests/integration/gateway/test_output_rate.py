"""A kernel that prints without measure: it is told, its gateway holds none of it, and its neighbours go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError

from integration.gateway.conftest import HUB_TOKEN, Gateway, serving
from integration.gateway.test_notebook_templates import prepared
from integration.gateway.test_remote_kernel import notebook, run
from notehouse_core.remote_kernel import RemoteKernelManager
from notehouse_core.remote_template import RemoteTemplate

Kernels = Callable[..., RemoteKernelManager]
GIGABYTE = 10**9
NAMED = "limit of output rate (8 MB a second, 24 MB at once)"
MOST = 60 * 2**20  # less than what the caller would cut
HELD = 250  # megabytes that a gateway may hold of it on the way


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One of this file's own: what it held at most is measured."""
    with serving(tmp_path_factory.mktemp("flooded"), "http://query", "http://api") as running:
        yield running


@pytest.fixture
def kernel(gateway: Gateway) -> Kernels:
    def make(**options: object) -> RemoteKernelManager:
        chosen = {"url": gateway.url, "hub_token": HUB_TOKEN, "execution_token": "first", **options}
        return RemoteKernelManager(**chosen)  # type: ignore[arg-type]

    return make


def peak(gateway: Gateway) -> float:
    """The most memory that a gateway has held, in megabytes."""
    lines = Path(f"/proc/{gateway.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


FLOODS = {
    "lines": f"line = 'x' * 1000\nfor _ in range({GIGABYTE // 4000}): print(line)",
    "one text": f"print('x' * {GIGABYTE})",
    "a program": f"import subprocess; subprocess.run('yes | head -c {GIGABYTE // 5}', shell=True)",
    "errors": f"import sys\nfor _ in range({GIGABYTE // 10**6}): sys.stderr.write('x' * 10**6)",
}


@pytest.mark.parametrize("kind", FLOODS)
async def test_a_flood_is_cut_by_name_and_the_kernel_goes_on(
    kernel: Kernels, gateway: Gateway, kind: str
) -> None:
    async with kernel() as km:
        flood, after, clipped = await run(
            km, FLOODS[kind], "print('later')", "print('y' * 10**7); print('z' * 10**8)"
        )
    assert flood.count(NAMED) >= 1
    assert len(flood) < MOST
    assert after.strip().endswith("later")
    assert NAMED in clipped
    assert peak(gateway) < HELD


async def test_pictures_wait_and_none_is_lost(kernel: Kernels) -> None:
    """What is no text would be of no use in part: it comes at the rate, all of it."""
    many = "from IPython.display import HTML, display\nfor i in range(60): display(HTML(f'<!--{i}-->' + 'p' * 10**6))"
    made = notebook(many)
    async with kernel() as km:
        await NotebookClient(made, km=cast(Any, km), timeout=60).async_execute()
    pictures = [output.data["text/html"] for output in made.cells[0].outputs]
    assert [one.partition("-->")[0] for one in pictures] == [f"<!--{i}" for i in range(60)]


async def test_an_output_too_large_for_any_page_is_named(kernel: Kernels, gateway: Gateway) -> None:
    async with kernel() as km:
        large = "from IPython.display import HTML; display(HTML('p' * 3 * 10**8)); print('after')"
        (told,) = await run(km, large)
    assert "One output of 286 MiB was cut here: the limit is 32 MiB." in told
    assert "after" in told
    assert peak(gateway) < HELD


ROGUE = """
import time
thread = get_ipython().kernel.iopub_thread
session = get_ipython().kernel.session
def send(size):
    parts = session.serialize(session.msg("stream", {"name": "stdout", "text": "x" * size}))
    thread.schedule(lambda: thread.socket.send_multipart(parts))
"""


async def test_a_kernel_that_works_around_it_ends_alone_and_says_why(
    kernel: Kernels, gateway: Gateway
) -> None:
    async with kernel() as neighbour, kernel() as km:
        with pytest.raises(DeadKernelError):
            await run(km, ROGUE, "while True: send(10**6); time.sleep(0.001)")
        assert await km.why_ended() == "The kernel was ended at its limit of output rate (8 MB a second)."
        assert await run(neighbour, "print('undisturbed')") == ["undisturbed\n"]
    assert peak(gateway) < HELD


async def test_a_message_past_all_measure_is_never_received(kernel: Kernels, gateway: Gateway) -> None:
    async with kernel() as neighbour, kernel() as km:
        await run(km, ROGUE, "send(2 * 10**8); time.sleep(1)")
        assert await run(neighbour, "print('undisturbed')") == ["undisturbed\n"]
    assert peak(gateway) < HELD


async def test_what_is_read_too_slowly_is_dropped_with_a_word_and_the_state_is_not(kernel: Kernels) -> None:
    """A page at a bad connection, and a kernel that writes as fast as it may."""
    async with kernel() as km:
        client = km.client()
        await client.start_channels()
        await client.wait_for_ready(timeout=30)
        request = client.execute("import time\nfor _ in range(60): print('x' * 10**6); time.sleep(0.1)")
        socket: Any = client._connection._socket
        with not_reading(socket.protocol.stream):
            await asyncio.sleep(7)
        await client._recv_reply(request, timeout=20)
        text = ""
        while (message := await client.get_iopub_msg(timeout=10))["content"].get("execution_state") != "idle":
            text += message["content"].get("text", "")
    assert "came faster than it was read" in text


@contextmanager
def not_reading(stream: Any) -> Iterator[None]:
    """Leave what comes over a connection where it is."""
    loop, state = stream.io_loop, stream._state
    loop.remove_handler(stream.socket)
    yield
    loop.add_handler(stream.socket, stream._handle_events, state)


async def test_a_template_keeps_no_flood_either(gateway: Gateway) -> None:
    template = RemoteTemplate(gateway.url, HUB_TOKEN, "f0" * 16)
    state = await prepared(template, "for _ in range(200): print('x' * 10**6)", "print('later')")
    assert state.state == "ready", state
    executed = (await template.executed()).decode()
    assert "wrote more than 64 MiB" in executed
    assert len(executed) < 80 * 2**20
