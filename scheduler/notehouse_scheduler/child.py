"""The worker's side of the process that executes a notebook: start it, follow its events, end it."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from notehouse_scheduler.forks import CannotFork, Forked, Forks
from notehouse_scheduler.order import Order, Progress, RunError, read_event

Process = asyncio.subprocess.Process | Forked

log = logging.getLogger(__name__)

_LINE = 2**20  # bytes of one event
_PATIENCE = 10.0  # seconds to save what there is


@dataclass(frozen=True)
class Outcome:
    """How an execution ended: `error` None for well."""

    error: RunError | None


async def execute(order: Order, tell: Callable[[Progress], None], forks: Forks | None = None) -> Outcome:
    """Carry an order out in a process of its own; cancelling ends it, with what there is saved."""
    process = await _started(forks)
    try:
        return await _follow(process, order, tell)
    finally:
        await _end(process)


async def _started(forks: Forks | None) -> Process:
    """Return a process that waits for its order: a fork, or else a new one, which takes a second longer."""
    if forks is not None:
        try:
            return await forks.fork(_LINE)
        except CannotFork as refusal:
            log.info("a run is executed in a new process: %s", refusal)
            forks.begin()
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "notehouse_scheduler.run_child",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=environment(),
        limit=_LINE,
    )


async def _follow(process: Process, order: Order, tell: Callable[[Progress], None]) -> Outcome:
    assert process.stdin is not None  # noqa: S101 - asked for when it was started
    assert process.stdout is not None  # noqa: S101
    process.stdin.write(order.dump())
    await process.stdin.drain()
    error: RunError | None = None
    async for line in process.stdout:
        event = read_event(line)
        if isinstance(event, RunError):
            error = event
        else:
            tell(event)
    code = await process.wait()
    if code and error is None:
        error = RunError(
            None, "ExecutionDied", f"The process that executed the notebook ended with code {code}."
        )
    return Outcome(error)


async def _end(process: Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _PATIENCE)
    except TimeoutError:
        process.kill()
        await process.wait()


def environment() -> dict[str, str]:
    """Nothing secret: the child reads notebooks that people wrote, and has no need of the worker's keys."""
    kept = ("PATH", "HOME", "LANG", "TZ", "TMPDIR", "PYTHONPATH", "SSL_CERT_FILE")
    return {name: os.environ[name] for name in kept if name in os.environ}
