"""P9: a kernel from its start to its first executed cell with imports, against stock ipykernel."""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

from benchmarks.figures import Figure, Result, at_most, times_better
from benchmarks.stage import Stage
from notehouse_gateway.kernelspecs import OneKernelSpec
from notehouse_gateway.templates import Templates

IMPORTS = "import numpy, pandas, pyarrow, altair, ipywidgets, clickhouse_connect"
OURS, STOCK = 60, 8


def measure(_stage: Stage) -> list[Result]:
    """Measure in turns, so that whatever else the machine does meets both."""
    return asyncio.run(_measure())


async def _measure() -> list[Result]:
    templates = Templates.instance(patience=120.0)
    templates.begin()
    try:
        await _start(OneKernelSpec(), "notehouse")  # waits for the template
        ours, stock = await _in_turns()
        return _starts(ours, stock)
    finally:
        templates.end()
        Templates.clear_instance()


async def _in_turns() -> tuple[list[float], list[float]]:
    ours, stock = [], []
    for _ in range(STOCK):
        stock.append(await _start(KernelSpecManager(), "python3"))
        ours += [await _start(OneKernelSpec(), "notehouse") for _ in range(OURS // STOCK)]
    return ours, stock


def _starts(ours: list[float], stock: list[float]) -> list[Result]:
    forked, anew = (Figure.of((1 / one for one in times), "starts/s") for times in (ours, stock))
    p95 = Figure.of([1000 * statistics.quantiles(ours, n=20)[-1]], "ms")
    return [
        times_better("P9", "kernel to its first cell with imports, against ipykernel", forked, anew, 10),
        at_most(
            "P9", f"the same, 95th percentile (median {1000 * statistics.median(ours):.0f} ms)", p95, 250
        ),
    ]


async def _start(specs: KernelSpecManager, name: str) -> float:
    """Return the seconds from the order to the reply of the first cell."""
    manager = AsyncKernelManager(kernel_name=name, kernel_spec_manager=specs)
    began = time.perf_counter()
    await manager.start_kernel()
    client: Any = manager.client()
    client.start_channels(hb=False)
    reply = await client._async_recv_reply(client.execute(IMPORTS), timeout=120)
    spent = time.perf_counter() - began
    client.stop_channels()
    await manager.shutdown_kernel(now=True)
    if reply["content"]["status"] != "ok":
        raise ValueError(reply["content"])
    return spent
