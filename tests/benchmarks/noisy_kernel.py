"""NOISE: a kernel prints gigabytes, or computes without end; do its neighbour's small cells take longer than alone?"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx

from benchmarks.figures import Figure, Result, at_most
from benchmarks.gateway import TOKEN, gateway
from benchmarks.stage import HERE, Stage
from notehouse_core.remote_kernel import RemoteKernelClient, RemoteKernelManager
from notehouse_gateway.priority import LOOK_SECONDS, STRETCH_SECONDS

PAIRS, CELLS = 7, 200
FIRST = STRETCH_SECONDS + 2 * LOOK_SECONDS  # until the gateway has noticed
PAUSE = 0.01  # seconds between two cells
SILENT = "while True: pass"
FLOOD = "line = 'x' * 1000\nwhile True:\n    for _ in range(10**6): print(line)"
NOISES = {"a flood": FLOOD, "one that never yields": SILENT}
NOBODY = 65_534  # as in production, not root
MOST_RISE, MOST_AT_FIRST, MOST_HELD = 1.2, 2.0, 250


def measure(_stage: Stage) -> list[Result]:
    """Measure with and without the noise in pairs, one right after the other; both kernels are at one gateway."""
    with gateway(user=NOBODY) as running:
        rises = asyncio.run(_in_pairs(running.url))
        held = _most_held(running.pid)
    results = []
    for what, (first, settled) in rises.items():
        described = f"95th percentile of a neighbour's cell beside {what}, against alone, median of pairs"
        results += [
            at_most("NOISE", described, Figure.of(settled, "times"), MOST_RISE),
            at_most("NOISE", f"{described}, the first {FIRST:g} s", Figure.of(first, "times"), MOST_AT_FIRST),
        ]
    memory = at_most("NOISE", "most memory of the gateway meanwhile", Figure.of([held], "MB"), MOST_HELD)
    return [*results, memory]


@asynccontextmanager
async def _kernel(url: str) -> AsyncIterator[RemoteKernelClient]:
    async with RemoteKernelManager(url=url, hub_token=TOKEN) as manager:
        client = manager.client()
        await client.start_channels()
        await client.wait_for_ready(timeout=120)
        yield client


async def _in_pairs(url: str) -> dict[str, tuple[list[float], list[float]]]:
    """Return of each noise how many times as long as alone a neighbour's cells take: at first, and then."""
    found: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in NOISES}
    async with _kernel(url) as neighbour:
        await _cells(neighbour)
        for number in range(PAIRS):
            for name, code in NOISES.items():
                before = await _cells(neighbour) if number % 2 else None
                first, settled = await _beside(url, neighbour, code)
                alone = before or await _cells(neighbour)
                found[name][0].append(first / alone)
                found[name][1].append(settled / alone)
    return found


async def _beside(url: str, neighbour: RemoteKernelClient, code: str) -> tuple[float, float]:
    with _noise(url, code):
        first = await _cells(neighbour, int(FIRST / PAUSE), FIRST)
        return first, await _cells(neighbour)


@contextmanager
def _noise(url: str, code: str) -> Iterator[None]:
    """A kernel that runs this, and its reader; both end with the block."""
    command = [sys.executable, "-m", "benchmarks.noise", url, TOKEN]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, text=True, **pipes) as process:  # type: ignore[call-overload]
        process.stdin.write(code)
        process.stdin.close()
        try:
            if process.stdout.readline() != "on\n":
                raise ValueError("the noisy kernel did not start")
            yield
        finally:
            process.kill()
            _end_kernels(url, all_but=1)


def _end_kernels(url: str, all_but: int) -> None:
    """End the kernels that were started last, and have not ended."""
    with httpx.Client(base_url=url, headers={"Authorization": f"token {TOKEN}"}, timeout=30) as client:
        kernels = client.get("api/watch").raise_for_status().json()["kernels"]
        for one in sorted(kernels, key=lambda each: each["started_at"])[all_but:]:
            answer = client.delete(f"api/kernels/{one['id']}", params={"now": "true"})
            if answer.status_code != 404:  # its gateway has ended it by now
                answer.raise_for_status()


async def _cells(client: RemoteKernelClient, most: int = CELLS, seconds: float = 60.0) -> float:
    """Return the 95th percentile of small cells, in milliseconds: of so many, or for so long."""
    spent: list[float] = []
    end = time.perf_counter() + seconds
    while len(spent) < most and time.perf_counter() < end:
        began = time.perf_counter()
        await client._recv_reply(client.execute("print(1)"), timeout=60)
        spent.append(1000 * (time.perf_counter() - began))
        await client.iopub_channel.get_msgs()
        await asyncio.sleep(PAUSE)
    return statistics.quantiles(spent, n=20)[-1]


def _most_held(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
