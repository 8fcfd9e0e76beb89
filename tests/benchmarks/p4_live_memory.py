"""P3, P4: a live kernel of a notebook with a million rows, widgets and a chart, against kernels that ran it.

And what a gateway holds that has nothing to do: its own process, the one that carries bytes for its kernels, and the one
that watches over its template. The template itself, with the usual libraries imported, is a line of its own.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

from benchmarks.figures import Figure, Result, at_most, holds, ratio, times_better
from benchmarks.gateway import TOKEN, Gateway, gateway
from benchmarks.processes import command, family
from benchmarks.stage import Stage, until
from notehouse_core.remote_kernel import RemoteKernelManager
from notehouse_gateway.desk import Desk
from notehouse_gateway.kernelspecs import OneKernelSpec
from notehouse_gateway.memory import proportional_megabytes
from notehouse_gateway.notebook_template import NotebookOrder, NotebookTemplate
from notehouse_gateway.templates import Templates

ALIVE = 20
IDLE_MEGABYTES = 60  # of a gateway with nothing to do
TEMPLATE = "notehouse_gateway.template "  # in the command line of what has the usual libraries imported
KEY = "benchmark"
CELLS = (
    "import pandas as pd, altair as alt, ipywidgets as w, clickhouse_connect\n"
    "df = pd.DataFrame({'x': range(1_000_000), 'y': range(1_000_000)})",
    "first, second, label = w.IntSlider(max=100), w.IntSlider(max=100), w.Label()\n"
    "first.observe(lambda c: setattr(label, 'value', str(df.y[:c['new']].sum())), 'value')\n"
    "w.VBox([first, second, label])",
    "alt.Chart(df.head(1000)).mark_bar().encode(x='x', y='y')",
)
TOUCH = "first.value = 7; assert label.value == '21'"


def measure(stage: Stage) -> list[Result]:
    """Measure both with as many kernels alive, and a gateway with none."""
    return [*asyncio.run(_measure()), *_idle(stage)]


def _idle(stage: Stage) -> list[Result]:
    """Measure a gateway with all its walls that has had a kernel and has none now. Raises ValueError."""
    around = {"NOTEHOUSE_QUERY_URL": stage.gateway, "NOTEHOUSE_API_URL": stage.url}
    with gateway(around) as running:
        asyncio.run(_a_kernel(running))
        with running.http() as client:
            until(lambda: client.get("api/watch").json()["warm"], 120, "the gateway is warm")
        pids = list(family(running.pid))
        templates = {pid for pid in pids if TEMPLATE in command(pid)}
        held = {pid: proportional_megabytes(pid) for pid in pids}
    if not all(held.values()) or not templates:
        raise ValueError(f"memory of a gateway cannot be told: {held}")
    own, theirs = (Figure.of([sum(held[pid] for pid in chosen)], "MB") for chosen in (
        held.keys() - templates, templates))  # fmt: skip
    return [
        at_most("P4", "memory of a gateway that idles, its template apart", own, IDLE_MEGABYTES),
        holds("P4", "the same of its template", str(theirs), "a figure", met=True),
    ]


async def _a_kernel(running: Gateway) -> None:
    async with RemoteKernelManager(url=running.url, hub_token=TOKEN) as manager:
        client = manager.client()
        await client.start_channels()
        await client.wait_for_ready(timeout=120)


async def _measure() -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        templates = Templates.instance(patience=120.0)
        templates.begin()
        try:
            template = await _prepared(templates, Path(folder))
            ours = await _alive(OneKernelSpec(), "notehouse", (), [template], template=KEY)
        finally:
            templates.end()
            Templates.clear_instance()
    stock = await _alive(KernelSpecManager(), "python3", CELLS, [])
    live, anew = (Figure.of((1 / one for one in times), "kernels/s") for _, times in (ours, stock))
    shared, whole = (Figure.of([megabytes / ALIVE], "MB") for megabytes, _ in (ours, stock))
    return [
        ratio("P4", f"memory of a live kernel, {ALIVE} alive, template included", shared, whole, 0.25),
        times_better("P3", "from the order to a widget's answer, one after another", live, anew, 10),
    ]


async def _prepared(templates: Templates, folder: Path) -> int:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])  # type: ignore[no-untyped-call]
    made: NotebookTemplate = templates.prepare(KEY, NotebookOrder(notebook, ""), Desk(folder / "desk"))
    await asyncio.to_thread(made.settled.wait, 120)
    if made.state != "ready" or made.process is None:
        raise ValueError(made.model())
    return made.process.process.pid


async def _alive(
    specs: KernelSpecManager, name: str, cells: tuple[str, ...], others: list[int], **options: Any
) -> tuple[float, list[float]]:
    """Return the memory of all when all are alive, and the seconds of each until a widget has answered."""
    managers, times = [], []
    try:
        for _ in range(ALIVE):
            manager = AsyncKernelManager(kernel_name=name, kernel_spec_manager=specs)
            managers.append(manager)
            began = time.perf_counter()
            await manager.start_kernel(env=dict(os.environ), **options)
            await _run(manager, (*cells, TOUCH))
            times.append(time.perf_counter() - began)
        pids = [*others, *(manager.provisioner.pid for manager in managers)]  # type: ignore[union-attr]
        return sum(map(proportional_megabytes, pids)), times
    finally:
        for manager in managers:
            await manager.shutdown_kernel(now=True)


async def _run(manager: AsyncKernelManager, cells: tuple[str, ...]) -> None:
    client: Any = manager.client()
    client.start_channels(hb=False)
    try:
        for cell in cells:
            reply = await client._async_recv_reply(client.execute(cell), timeout=120)
            if reply["content"]["status"] != "ok":
                raise ValueError(reply["content"])
    finally:
        client.stop_channels()
