"""Notebooks that run by themselves, each in a process forked from one that has its imports done."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from integration.gateway.conftest import HUB_TOKEN, Gateway
from integration.gateway.forks import children, exists
from notehouse_core.remote_kernel import RemoteKernelManager
from notehouse_scheduler import child
from notehouse_scheduler.forks import Forks
from notehouse_scheduler.order import Order

CELLS = ("x = 1", "import pandas as pd\npd.DataFrame({'a': [x, 2]})", "print(x)\nx", "%matplotlib --list")


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    made = Forks(child.environment())
    made.begin()
    yield made
    made.end()


def written(path: Path, *cells: str) -> Path:
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made.cells[0].metadata.tags = ["parameters"]
    path.write_text(nbformat.writes(made))
    return path


async def ran(
    kernel: Callable[..., RemoteKernelManager], forks: Forks, notebook: Path, **parameters: Any
) -> Any:
    output = notebook.with_suffix(".out.ipynb")
    async with kernel() as km:
        order = Order(
            km.url, HUB_TOKEN, str(km.kernel_id), str(notebook), str(output), 30, parameters=parameters
        )
        outcome = await child.execute(order, lambda _: None, forks)
    return outcome.error, nbformat.read(output, as_version=4)


def plain(node: Any) -> list[Any]:
    return [[cell.source, cell.get("execution_count"), cell.get("outputs")] for cell in node.cells]


async def test_a_run_has_the_results_of_papermill_cell_by_cell(
    kernel: Any, forks: Forks, tmp_path: Path
) -> None:
    notebook = written(tmp_path / "notebook.ipynb", *CELLS)
    error, ours = await ran(kernel, forks, notebook, x=7)
    command = [
        sys.executable,
        "-m",
        "papermill",
        str(notebook),
        str(tmp_path / "theirs.ipynb"),
        "-p",
        "x",
        "7",
    ]
    subprocess.run(command, check=True, capture_output=True)  # noqa: ASYNC221 - nothing else is to happen
    theirs = nbformat.read(tmp_path / "theirs.ipynb", as_version=4)
    assert error is None
    assert plain(ours) == plain(theirs)
    assert "7" in json.dumps(ours.cells[3].outputs)


async def test_nothing_of_a_run_is_in_the_next(kernel: Any, forks: Forks, tmp_path: Path) -> None:
    look = "print('left' in globals(), __import__('os').path.exists('left'))"
    leave = "left = 1; open('left', 'w').close()"
    notebook = written(tmp_path / "notebook.ipynb", look, leave)
    for _ in range(2):
        error, node = await ran(kernel, forks, notebook)
        assert error is None
        assert node.cells[0].outputs[0].text == "False False\n"


async def test_a_failing_cell_is_named_and_runs_go_on_when_the_process_they_fork_from_was_killed(
    kernel: Any, forks: Forks, tmp_path: Path
) -> None:
    notebook = written(tmp_path / "notebook.ipynb", "1", "1 / 0")
    error, _ = await ran(kernel, forks, notebook)
    assert (error.cell, error.name) == (2, "ZeroDivisionError")
    process = forks._process
    assert process is not None
    process.kill()
    for _ in range(2):  # the first in a new process, the second by fork again
        error, _ = await ran(kernel, forks, notebook)
        assert (error.cell, error.name) == (2, "ZeroDivisionError")
    assert forks._process is not process


WORKER = """
import asyncio, sys
from notehouse_scheduler import child
from notehouse_scheduler.forks import Forks
from notehouse_scheduler.order import Order

forks = Forks(child.environment())
forks.begin()
asyncio.run(child.execute(Order.load(sys.stdin.readline()), lambda progress: print(progress.cell, flush=True), forks))
"""


async def test_a_worker_that_was_killed_leaves_no_run_and_no_kernel(
    kernel: Any, gateway: Gateway, tmp_path: Path
) -> None:
    notebook = written(tmp_path / "notebook.ipynb", "1", "import time; time.sleep(60)")
    km = kernel()
    await km.start_kernel()
    order = Order(km.url, HUB_TOKEN, str(km.kernel_id), str(notebook), str(tmp_path / "out.ipynb"), 90)
    worker = subprocess.Popen(  # noqa: ASYNC220 - it is to be killed, whatever waits
        [sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(order.dump())
    worker.stdin.flush()
    while worker.stdout.readline().strip() != b"2":
        assert worker.poll() is None
    left = [one for pid in children(worker.pid) for one in (pid, *children(pid))]
    assert len(left) == 2
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    deadline = time.monotonic() + 10
    while (any(exists(pid) for pid in left) or await km.is_alive()) and time.monotonic() < deadline:
        time.sleep(0.1)  # noqa: ASYNC251 - nothing else is to happen
    assert not any(exists(pid) for pid in left)
    assert not await km.is_alive()
    assert gateway.desks == []
    worker.stdin.close()
    worker.stdout.close()
    await km.cleanup_resources()
