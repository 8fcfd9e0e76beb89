"""P6: a whole `%%sql` cell that ends in a pandas frame, against the driver alone and against stock jupysql.

The driver asks as it does by itself, which is for compressed Arrow; our kernels ask for it plain where the answer stays
on the machine.
"""

from __future__ import annotations

import os
import subprocess

from benchmarks import stock_jupysql
from benchmarks.figures import Figure, Result, more, ratio, times_better
from benchmarks.kernel import measured, measured_in_kernel
from benchmarks.stage import HERE, Stage, peer

MOST = {100_000: 1.3, 1_000_000: 1.15, 10_000_000: 1.3}
RUN = """
from benchmarks.in_kernel import both
found = both(get_ipython(), {url!r}, {key!r})
"""


def measure(stage: Stage) -> list[Result]:
    """Measure in a kernel of ours, then in the peer."""
    found = {
        int(count): (Figure.of(cell, "ms"), Figure.of(driver, "ms"))
        for count, (cell, driver) in measured_in_kernel(
            stage, "admin", RUN.format(url=stage.clickhouse, key=stage.key)
        ).items()
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


def _stock(stage: Stage) -> Figure:
    command = [str(peer("jupysql") / "python"), "-m", "benchmarks.stock_jupysql", stage.clickhouse, stage.key]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    finished = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    return Figure.of(measured(finished.stdout + finished.stderr), "ms")
