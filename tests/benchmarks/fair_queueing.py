"""FAIR: one tenant asks for all it can get; how long do small queries of another take, and what stops the first?"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks import load
from benchmarks.abuse import AT_ONCE
from benchmarks.figures import Figure, Result, at_most, holds
from benchmarks.stage import HERE, Stage

OTHERS, SECONDS, RAISED = 20, 24, 3  # RAISED: seconds in which the abuse gets going
SMALL = b"SELECT carrier, count() FROM flights.flights WHERE month = 1 GROUP BY carrier FORMAT TSV"
_CODE = re.compile(r"\(([A-Z_]+)\)")


def measure(stage: Stage, small: bytes = SMALL, seconds: float = SECONDS) -> list[Result]:
    """Measure small queries of one tenant alone, and while the other asks for what it can."""
    alone = _p95(stage, small, seconds / 4)
    with _abuse(stage, seconds + RAISED) as abuser:
        _p95(stage, small, RAISED)
        beside = _p95(stage, small, seconds - RAISED)
        said = Counter(json.loads(abuser.communicate(timeout=30)[0]))
    what = f"small query of a tenant, p95, {OTHERS} at once beside {AT_ONCE} abusive ones, and alone"
    result = at_most("FAIR", what, beside, 300)
    named = all("yours may" in one or "limit" in one.lower() or "exceeded" in one.lower() for one in said)
    stopped = holds(
        "FAIR", "the abuse is stopped by limits, and told which", _shown(said), "a limit by name",
        bool(said) and named,
    )  # fmt: skip
    return [Result(result.target, what, beside, alone, result.found, result.asked, result.met), stopped]


def _p95(stage: Stage, small: bytes, seconds: float) -> Figure:
    url, visit = f"{stage.gateway}/warehouse/", _small(stage, small)
    spent = asyncio.run(load.as_fast_as_it_goes(url, OTHERS, seconds, visit))
    each = sorted(1000 * one for one in spent)
    return Figure(each[int(len(each) * 0.95)], each[0], each[-1], "ms", len(each))


def _small(stage: Stage, small: bytes) -> Callable[[load.Connection], asyncio.Future[None]]:
    headers = {"Authorization": f"Bearer {stage.token('united-analyst')}"}

    async def visit(connection: load.Connection) -> None:
        answer = await connection.ask("/warehouse/", headers, small)
        if answer.status != 200:
            raise ValueError(answer.body[:300])

    return visit  # type: ignore[return-value]


@contextmanager
def _abuse(stage: Stage, seconds: float) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.abuse", stage.gateway, str(seconds)]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, text=True, **pipes) as process:  # type: ignore[call-overload]
        try:
            process.stdin.write(stage.token("delta-analyst"))
            process.stdin.close()
            process.stdin = None
            yield process
        finally:
            process.kill()


def _shown(said: Counter[str]) -> str:
    names = Counter(found[1] for text in said if (found := _CODE.search(text)))
    return ", ".join(sorted(names)) or "nothing was said"
