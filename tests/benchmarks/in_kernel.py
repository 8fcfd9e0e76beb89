"""What the kernel of P6 runs: the same rows by `%%sql` and by the driver alone, in turns; times in milliseconds."""

from __future__ import annotations

import time
from typing import Any

from benchmarks.direct import arrow_client
from benchmarks.rows import rows

TIMES = {1_000: 40, 100_000: 15, 1_000_000: 9, 10_000_000: 3}


def both(shell: Any, url: str, key: str) -> dict[str, tuple[list[float], list[float]]]:
    """Return for each number of rows the times of the cell and of the driver."""
    direct = arrow_client(url, {"X-Notehouse-Key": key})
    return {str(count): _turns(shell, direct, count) for count in TIMES}


def _turns(shell: Any, direct: Any, count: int) -> tuple[list[float], list[float]]:
    cell, driver = [], []
    for turn in range(TIMES[count] + 1):
        spent = _cell(shell, count), _driver(direct, count)
        if turn:  # the first is to warm up
            cell.append(spent[0])
            driver.append(spent[1])
    return cell, driver


def _cell(shell: Any, count: int) -> float:
    shell.user_ns.pop("frame", None)
    began = time.perf_counter()
    shell.run_cell_magic("sql", "frame << --all --no-cache", rows(count))
    spent = (time.perf_counter() - began) * 1000
    if shell.user_ns["frame"].shape != (count, 5):
        raise ValueError("rows are missing")
    return spent


def _driver(direct: Any, count: int) -> float:
    began = time.perf_counter()
    found = direct(rows(count))
    spent = (time.perf_counter() - began) * 1000
    if found.num_rows != count:
        raise ValueError("rows are missing")
    return spent
