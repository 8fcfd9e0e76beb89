"""P15: a tile that is known already, rights checked on every request; and two hundred who ask for a new one at once."""

from __future__ import annotations

import asyncio
import time

from benchmarks import load
from benchmarks.figures import Figure, Result, at_most, holds
from benchmarks.processes import cpu_seconds
from benchmarks.stage import Stage
from benchmarks.tile_requests import TileRequests

CONNECTIONS, SECONDS, AT_ONCE = 32, 8, 200
# Superset 6.1's cached chart data on two such cores, measured once: it has no place in an environment of a bench.
SUPERSET, TIMES = 29, 20


def measure(stage: Stage) -> list[Result]:
    """Ask for one tile as fast as it goes, then for one that nobody has asked for yet."""
    tile = TileRequests.of(stage)
    path, failed = tile.path(), list[int]()

    async def visit(connection: load.Connection) -> None:
        answer = await connection.ask(path, {"Accept-Encoding": "gzip"})
        if answer.status != 200:
            failed.append(answer.status)

    asyncio.run(load.as_fast_as_it_goes(stage.url, 4, 1, visit))  # to warm up
    failed.clear()
    before, began = cpu_seconds(stage.process.pid), time.perf_counter()
    spent = asyncio.run(load.as_fast_as_it_goes(stage.url, CONNECTIONS, SECONDS, visit))
    took, used = time.perf_counter() - began, cpu_seconds(stage.process.pid) - before
    rate, each = len(spent) / took, Figure.of([used / len(spent) * 1000], "ms")
    asked = tile.asked()
    asyncio.run(_at_once(stage, tile.path(origin="EWR", first_month=2, last_month=3)))
    queries = tile.asked() - asked
    return [
        holds("P15", f"cached tile answers a second, Superset {SUPERSET}", f"{rate:,.0f}/s",
              f"≥ {TIMES * SUPERSET}/s", rate >= TIMES * SUPERSET),
        at_most("P15", "CPU of a cached tile answer, all processes", each, 2),
        holds("P15", f"of {len(spent):,} answers failed", str(len(failed)), "none", not failed),
        holds("P15", f"queries for {AT_ONCE} who ask for a new tile at once", f"{queries:.0f}", "1", queries == 1),
    ]  # fmt: skip


async def _at_once(stage: Stage, path: str) -> None:
    connections = [await load.Connection.to(stage.url) for _ in range(AT_ONCE)]
    answers = await asyncio.gather(*(one.ask(path, {}) for one in connections))
    for one in connections:
        one.close()
    if {one.status for one in answers} != {200}:
        raise ValueError(f"answers were {sorted({one.status for one in answers})}")
