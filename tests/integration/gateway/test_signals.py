"""Who runs notebooks in its own process keeps that process's signals."""

import asyncio
import os
import signal
from collections.abc import Callable

from nbformat.v4 import new_code_cell, new_notebook

from notehouse_core.remote_kernel import RemoteKernelManager
from notehouse_dashboards.execution import execute


async def test_a_server_is_told_to_stop_while_it_runs_a_notebook_and_afterwards(
    kernel: Callable[..., RemoteKernelManager],
) -> None:
    told, loop = asyncio.Queue[int](), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, told.put_nowait, 1)
    ours = signal.getsignal(signal.SIGTERM)
    try:
        async with kernel() as km:
            node = new_notebook(cells=[new_code_cell("1")])
            client = await execute(km, node, 60, lambda done, total: os.kill(os.getpid(), signal.SIGTERM))
            client.stop_channels()
        assert await asyncio.wait_for(told.get(), 5)
        assert signal.getsignal(signal.SIGTERM) is ours
        os.kill(os.getpid(), signal.SIGTERM)
        assert await asyncio.wait_for(told.get(), 5)
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
