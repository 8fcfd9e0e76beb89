"""`make bench`: measure the targets, print a table, keep everything as JSON. Fails when a target is missed."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable

import httpx

from benchmarks import (
    fair_queueing,
    forks_in_a_row,
    noisy_kernel,
    p1_first_view,
    p2_first_visit,
    p3_live_page,
    p4_live_memory,
    p5_filter_change,
    p6_sql_to_frame,
    p7_query_gateway,
    p9_kernel_start,
    p10_runs,
    p11_charts,
    p14_api_in_a_crowd,
    p15_cached_tile,
    p18_second_start,
    viewers_at_once,
)
from benchmarks.figures import Result, holds, table
from benchmarks.stage import Stage, folder, free_port, start
from notehouse_core.errors import NotehouseError

TARGETS: dict[str, Callable[[Stage], list[Result]]] = {
    "P1": p1_first_view.measure,
    "P2": p2_first_visit.measure,
    "P3": p3_live_page.measure,
    "P4": p4_live_memory.measure,
    "P5": p5_filter_change.measure,
    "P6": p6_sql_to_frame.measure,
    "P7": p7_query_gateway.measure,
    "P9": p9_kernel_start.measure,
    "P10": p10_runs.measure,
    "P11": p11_charts.measure,
    "P14": p14_api_in_a_crowd.measure,
    "P15": p15_cached_tile.measure,
    "P18": p18_second_start.measure,
    "FAIR": fair_queueing.measure,
    "FORKS": forks_in_a_row.measure,
    "NOISE": noisy_kernel.measure,
    "VIEWERS": viewers_at_once.measure,
}


def main(wanted: list[str]) -> int:
    """Measure what is wanted, or everything; returns the exit code."""
    if unknown := [one for one in wanted if one not in TARGETS]:
        print(f"There is no target {', '.join(unknown)}; there are {', '.join(TARGETS)}.", file=sys.stderr)
        return 2
    print(f"Starting a platform in {folder() / 'data'}", flush=True)
    stage = start(free_port(8))
    try:
        results = [one for name in wanted or TARGETS for one in _measured(name, stage)]
    finally:
        stage.stop()
    print("\n" + table(results))
    print(f"\nKept in {_keep(results)}")
    return int(not all(one.met for one in results))


def _measured(name: str, stage: Stage) -> list[Result]:
    print(f"Measuring {name}", flush=True)
    try:
        return TARGETS[name](stage)
    except (OSError, ValueError, RuntimeError, httpx.HTTPError, NotehouseError) as error:
        return [
            holds(name, "could not be measured", f"{type(error).__name__}: {error}", "a figure", met=False)
        ]


def _keep(results: list[Result]) -> str:
    file = folder() / time.strftime("results-%Y%m%d-%H%M%S.json")
    machine = {"cores": os.cpu_count(), "load": os.getloadavg(), "python": platform.python_version()}
    file.write_text(json.dumps({"machine": machine, "results": [one.plain() for one in results]}, indent=1))
    return str(file)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
