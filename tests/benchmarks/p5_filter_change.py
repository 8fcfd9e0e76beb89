"""P5: a filter of a tile that SQL alone answers changes: its rows, against the query itself."""

from __future__ import annotations

import itertools
import time

import httpx

from benchmarks.figures import Figure, Result, at_most, holds
from benchmarks.processes import command, family
from benchmarks.stage import Stage
from benchmarks.tile_requests import SQL, TileRequests

CHANGES = 60
TIMES, MORE = 1.2, 30  # of the query itself, and milliseconds


def measure(stage: Stage) -> list[Result]:
    """Change filters one after another, each to what nobody has asked before; the same to ClickHouse in between."""
    tile = TileRequests.of(stage)
    kernels = _kernels(stage)
    months = itertools.combinations(range(1, 13), 2)
    choices = [
        {"origin": origin, "first_month": first, "last_month": last}
        for (first, last), origin in itertools.product(months, ("EWR", "JFK", "LGA"))
    ][:CHANGES]
    ours, direct = [], []
    with httpx.Client(base_url=stage.url, timeout=60, trust_env=False) as client:
        client.get(tile.path()).raise_for_status()  # to warm up
        for choice in choices:
            began = time.perf_counter()
            rows = client.get(tile.path(**choice)).raise_for_status().json()["rows"]
            ours.append((time.perf_counter() - began) * 1000)
            direct.append(_direct(stage, choice, len(rows)))
    ours.sort()
    spent, query = Figure.of(ours, "ms"), Figure.of(direct, "ms")
    late = Figure.of([ours[int(len(ours) * 0.95)]], "ms")
    most = TIMES * sorted(direct)[int(len(direct) * 0.95)] + MORE
    started = _kernels(stage) - kernels
    found, asked = f"{spent.median:.1f} ms", f"≤ {TIMES} times + {MORE} ms"
    return [
        Result("P5", "a filter changes, the query itself", spent, query, found, asked,
               spent.median <= TIMES * query.median + MORE),
        at_most("P5", "p95 of it, against 1.2 times the query's own p95 and 30 ms", late, round(most, 1)),
        holds("P5", "kernels started for it", str(started), "none", not started),
    ]  # fmt: skip


def _direct(stage: Stage, choice: dict[str, object], rows: int) -> float:
    values = {f"param_{name}": str(value) for name, value in choice.items()}
    settings = {**values, "default_format": "JSONCompact"}
    began = time.perf_counter()
    answer = httpx.post(
        stage.clickhouse,
        params=settings,
        content=SQL,
        headers={"X-Notehouse-Key": stage.key},
        trust_env=False,
    )
    spent = (time.perf_counter() - began) * 1000
    if len(answer.raise_for_status().json()["data"]) != rows:
        raise ValueError("the tile and the query have not the same rows")
    return spent


def _kernels(stage: Stage) -> int:
    return sum("ipykernel" in command(one) for one in family(stage.process.pid))
