"""P6: a whole `%%sql` cell that ends in a pandas frame, against the driver alone and against stock jupysql."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from jupyter_client.manager import KernelManager

from benchmarks import stock_jupysql
from benchmarks.figures import Figure, Result, more, ratio, times_better
from benchmarks.stage import HERE, Stage, peer

MOST = {100_000: 1.3, 1_000_000: 1.15, 10_000_000: 1.3}
RUN = """
import json, sys
sys.path.insert(0, {tests!r})
from benchmarks.in_kernel import both
print("measured", json.dumps(both(get_ipython(), {url!r}, {key!r})))
"""


def measure(stage: Stage) -> list[Result]:
    """Measure in a kernel of ours, then in the peer."""
    found = {
        int(count): (Figure.of(cell, "ms"), Figure.of(driver, "ms"))
        for count, (cell, driver) in _in_kernel(stage).items()
    }
    results = [more("P6", "%%sql of 1,000 rows against query_arrow", *found[1000], 5)]
    for count, most in MOST.items():
        results.append(ratio("P6", f"%%sql of {count:,} rows against query_arrow", *found[count], most))
    stock, ours = _stock(stage), found[stock_jupysql.COUNT][0]
    what = "%%sql of 1,000,000 rows against stock jupysql"
    return [*results, times_better("P6", what, _rate(ours), _rate(stock), 20)]


def _rate(one: Figure) -> Figure:
    """Return cells a second for milliseconds a cell."""
    return Figure(1000 / one.median, 1000 / one.most, 1000 / one.least, "cells/s", one.times)


def _in_kernel(stage: Stage) -> dict[str, Any]:
    environment = stage.kernel_environment("admin")
    os.environ["JUPYTER_PATH"] = environment["JUPYTER_PATH"]
    manager = KernelManager(kernel_name="notehouse")
    manager.start_kernel(env=environment)
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        said: list[str] = []
        code = RUN.format(tests=str(HERE.parent), url=stage.clickhouse, key=stage.key)
        client.execute_interactive(code, timeout=300, output_hook=lambda one: said.append(_text(one)))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return dict(_measured("".join(said)))


def _measured(said: str) -> Any:
    """Return what a program says it has measured. Raises ValueError with what it said instead."""
    for line in said.splitlines():
        if line.startswith("measured "):
            return json.loads(line.removeprefix("measured "))
    raise ValueError(said[-3000:])


def _text(message: dict[str, Any]) -> str:
    content = message["content"]
    if message["msg_type"] == "error":
        return "\n".join(content["traceback"])
    return str(content.get("text", ""))


def _stock(stage: Stage) -> Figure:
    command = [str(peer("jupysql") / "python"), "-m", "benchmarks.stock_jupysql", stage.clickhouse, stage.key]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    finished = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    return Figure.of(_measured(finished.stdout + finished.stderr), "ms")
