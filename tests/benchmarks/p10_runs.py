"""P10: a trivial notebook that runs by itself, parameters in and output saved, against papermill's command."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import nbformat

from benchmarks.figures import Figure, Result, holds, times_better
from benchmarks.stage import Stage, free_port, until
from notehouse_core.remote_kernel import RemoteKernelManager
from notehouse_scheduler import child
from notehouse_scheduler.forks import Forks
from notehouse_scheduler.order import Order

TOKEN = "a-token-of-benchmarks"
CELLS = {
    "trivial": ("x = 1", "print(x)"),
    "pandas": ("x = 1", "import pandas\nprint(pandas.DataFrame({'x': [x]}))"),
}
OURS, THEIRS = 40, 5
AT_ONCE, TOGETHER, THEIRS_TOGETHER = 4, 80, 8


def measure(_stage: Stage) -> list[Result]:
    """Measure in turns, so that whatever else the machine does meets both."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        forks = Forks(child.environment())
        forks.begin()
        try:
            with _gateway(folder) as url:
                return asyncio.run(Measurement(folder, url, forks).results())
        finally:
            forks.end()


@contextmanager
def _gateway(folder: Path) -> Iterator[str]:
    port = free_port()
    options = {"port": port, "token": TOKEN, "folder": folder, "max-kernels": 20}
    command = [sys.executable, "-m", "notehouse_gateway.standalone", "--allow-root"]
    command += [word for name, value in options.items() for word in (f"--{name}", str(value))]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, "HOME": str(folder)}, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}/"
    try:
        headers = {"Authorization": f"token {TOKEN}"}
        until(lambda: httpx.get(f"{url}api/kernels", headers=headers).is_success, 60, "the gateway answers")
        yield url
    finally:
        process.terminate()
        process.wait()


class Measurement:
    """One notebook after another, ours and papermill's."""

    def __init__(self, folder: Path, url: str, forks: Forks) -> None:
        self._folder, self._url, self._forks = folder, url, forks
        self._number = 0

    async def results(self) -> list[Result]:
        """Return what was found; raises ValueError when a run fails."""
        found: list[Result] = []
        for name, cells in CELLS.items():
            notebook = self._written(name, cells)
            await self._ours(notebook)  # waits for both templates
            ours, theirs = await self._in_turns(notebook)
            each = [Figure.of((1 / one for one in times), "runs/s") for times in (ours, theirs)]
            found.append(
                times_better("P10", f"a run of a {name} notebook, against papermill", each[0], each[1], 8)
            )
            found.append(self._same(name))
        notebook = self._written("trivial", CELLS["trivial"])
        many = await self._rate(lambda: self._ours(notebook), TOGETHER)
        few = await self._rate(lambda: asyncio.to_thread(self._theirs, notebook), THEIRS_TOGETHER)
        rates = [Figure.of([rate], "runs/s") for rate in (many, few)]
        return [*found, times_better("P10", f"the same, {AT_ONCE} at once", rates[0], rates[1], 8)]

    async def _in_turns(self, notebook: Path) -> tuple[list[float], list[float]]:
        ours: list[float] = []
        theirs: list[float] = []
        for _ in range(THEIRS):
            theirs.append(await asyncio.to_thread(self._theirs, notebook))
            ours += [await self._ours(notebook) for _ in range(OURS // THEIRS)]
        return ours, theirs

    async def _rate(self, one: Callable[[], Awaitable[float]], count: int) -> float:
        """Return the runs a second when so many run at once."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def gated() -> None:
            async with gate:
                await one()

        began = time.perf_counter()
        await asyncio.gather(*(gated() for _ in range(count)))
        return count / (time.perf_counter() - began)

    async def _ours(self, notebook: Path) -> float:
        """Return the seconds from the order to the saved output, the kernel's start and end included."""
        self._number += 1
        output = self._folder / f"ours-{notebook.stem}-{self._number % 8}.out"
        began = time.perf_counter()
        async with RemoteKernelManager(url=self._url, hub_token=TOKEN) as km:
            order = Order(
                km.url, TOKEN, str(km.kernel_id), str(notebook), str(output), 60, parameters={"x": 7}
            )
            outcome = await child.execute(order, lambda _: None, self._forks)
        if outcome.error is not None:
            raise ValueError(outcome.error)
        self._last = output
        return time.perf_counter() - began

    def _theirs(self, notebook: Path) -> float:
        began = time.perf_counter()
        output = notebook.with_suffix(f".{time.monotonic_ns()}.theirs")
        command = [
            sys.executable,
            "-m",
            "papermill",
            str(notebook),
            str(output),
            "-p",
            "x",
            "7",
            "--no-progress-bar",
        ]
        subprocess.run(command, check=True, capture_output=True)
        self._peers = output
        return time.perf_counter() - began

    def _same(self, name: str) -> Result:
        ours, theirs = (_plain(one) for one in (self._last, self._peers))
        return holds(
            "P10",
            f"results of the {name} notebook",
            f"{len(ours)} cells",
            "the same, cell by cell",
            met=ours == theirs,
        )

    def _written(self, name: str, cells: tuple[str, ...]) -> Path:
        node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])  # type: ignore[no-untyped-call]
        node.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        node.cells[0].metadata.tags = ["parameters"]
        path = self._folder / f"{name}.ipynb"
        path.write_text(nbformat.writes(node))  # type: ignore[no-untyped-call]
        return path


def _plain(path: Path) -> list[list[object]]:
    node = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return [[cell.source, cell.execution_count, cell.outputs] for cell in node.cells]
