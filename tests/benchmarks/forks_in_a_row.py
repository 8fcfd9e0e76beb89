"""FORKS: a thousand kernels one after another and fifty at once; nothing of them stays, and no two have the same chance."""

from __future__ import annotations

import ast
import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager

from benchmarks.figures import Result, holds
from benchmarks.processes import family
from benchmarks.stage import Stage
from notehouse_gateway.kernelspecs import OneKernelSpec
from notehouse_gateway.memory import private_megabytes
from notehouse_gateway.template_process import Forked
from notehouse_gateway.templates import Templates

WARMING, IN_A_ROW, AT_ONCE = 50, 1000, 50
MOST_GROWN = 5  # MB after the first ones, which fill what is kept on purpose
CHANCES = {
    "random": "random.random()",
    "numpy": "numpy.random.random()",
    "generators": "numpy.random.default_rng().random()",
    "uuids": "uuid.uuid4()",
    "uuids of the clock": "uuid.uuid1()",
    "secrets": "secrets.token_hex(8)",
    "hashes of sessions": "get_ipython().kernel.session.session",
    "session keys": "get_ipython().kernel.session.key.hex()",
    "temporary names": "next(tempfile._get_candidate_names())",
}
MODULES = "import numpy, random, secrets, tempfile, uuid"
TOLD = f"' '.join(map(str, ({', '.join(CHANCES.values())})))"


@dataclass(frozen=True)
class Held:
    """What this process and the template hold: descriptors of both, processes, megabytes of the template and ours."""

    ours: int
    its: int
    processes: int
    template: float
    here: float

    @classmethod
    def now(cls, template: int) -> Held:
        """Look."""
        folders = (Path("/proc/self/fd"), Path(f"/proc/{template}/fd"))
        ours, its = (len(os.listdir(folder)) for folder in folders)
        memory = (private_megabytes(template), private_megabytes(os.getpid()))
        return cls(ours, its, len(list(family(template))), *memory)


def measure(_stage: Stage) -> list[Result]:
    """Start them all from one template of this process."""
    return asyncio.run(_measure())


async def _measure() -> list[Result]:
    templates = Templates.instance(patience=120.0)
    templates.begin()
    try:
        told = [await _kernel() for _ in range(WARMING)]
        told += await _at_once()  # the pools of threads of this process have grown after it
        before = Held.now(templates.usual_pid)
        told += [await _kernel() for _ in range(IN_A_ROW)]
        row = Held.now(templates.usual_pid)
        told += await _at_once()
        after = Held.now(templates.usual_pid)
    finally:
        templates.end()
        Templates.clear_instance()
    return [
        *_left(before, row, f"{IN_A_ROW:,} kernels in a row"),
        *_left(row, after, f"{AT_ONCE} at once"),
        _chance(told),
    ]


async def _at_once() -> list[list[str]]:
    return await asyncio.gather(*(_kernel() for _ in range(AT_ONCE)))


async def _kernel() -> list[str]:
    """Start a kernel, end it, and return what chance had told it. Raises ValueError when it was not a fork."""
    manager = AsyncKernelManager(kernel_name="notehouse", kernel_spec_manager=OneKernelSpec())
    await manager.start_kernel()
    client: Any = manager.client()
    client.start_channels(hb=False)
    try:
        if not isinstance(manager.provisioner.process, Forked):  # type: ignore[union-attr]
            raise ValueError("a kernel was started as a new process")
        asked = client.execute(MODULES, user_expressions={"told": TOLD})
        answer = (await client._async_recv_reply(asked, timeout=60))["content"]
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)
    told = ast.literal_eval(answer["user_expressions"]["told"]["data"]["text/plain"]).split()
    if len(told) != len(CHANCES):
        raise ValueError(f"a kernel said {told}")
    return list(told)


def _left(before: Held, after: Held, what: str) -> list[Result]:
    grown = (after.template - before.template, after.here - before.here)
    counts = (after.ours - before.ours, after.its - before.its, after.processes - before.processes)
    found = "descriptors {:+} here, {:+} in the template; processes {:+}".format(*counts)
    memory = f"template {grown[0]:+.1f} MB, here {grown[1]:+.1f} MB"
    met = counts[0] <= 0 and counts[1] == 0 and counts[2] == 0
    return [
        holds("FORKS", what, found, "nothing stays", met=met),
        holds("FORKS", f"{what}, memory", memory, f"< {MOST_GROWN} MB", met=max(grown) < MOST_GROWN),
    ]


def _chance(told: list[list[str]]) -> Result:
    same = [
        name
        for name, column in zip(CHANCES, zip(*told, strict=True), strict=True)
        if len(set(column)) < len(told)
    ]
    found = f"{len(told):,} kernels, {', '.join(same) or 'nothing'} the same"
    return holds("FORKS", f"{', '.join(CHANCES)}", found, "none twice", met=not same)
