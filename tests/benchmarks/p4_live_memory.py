"""P3, P4: a live kernel of a notebook with a million rows, widgets and a chart, against kernels that ran it."""

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

from benchmarks.figures import Figure, Result, ratio, times_better
from benchmarks.stage import Stage
from notehouse_gateway.desk import Desk
from notehouse_gateway.kernelspecs import OneKernelSpec
from notehouse_gateway.memory import proportional_megabytes
from notehouse_gateway.notebook_template import NotebookOrder, NotebookTemplate
from notehouse_gateway.templates import Templates

ALIVE = 20
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


def measure(_stage: Stage) -> list[Result]:
    """Measure both with as many kernels alive."""
    return asyncio.run(_measure())


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
