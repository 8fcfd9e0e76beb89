"""Kernels as any program starts them, by jupyter_client; whether by fork or not, the templates decide."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager

from notehouse_gateway.kernelspecs import OneKernelSpec
from notehouse_gateway.template_process import Forked


@asynccontextmanager
async def running(**options: Any) -> AsyncIterator[tuple[AsyncKernelManager, Any]]:
    """A kernel of ours and a client of it, until the block ends."""
    manager = AsyncKernelManager(kernel_name="notehouse", kernel_spec_manager=OneKernelSpec())
    manager.transport_encryption = "required"
    await manager.start_kernel(**options)
    client = manager.client()
    client.start_channels(hb=False)  # its thread, ended as it starts, meets a context that is closed
    try:
        yield manager, client
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)


async def said(client: Any, code: str, seconds: float = 30) -> str:
    """What code prints in a kernel, and the name of the error that ends it."""
    text: list[str] = []

    def hook(message: dict[str, Any]) -> None:
        content = message["content"]
        text.append(content.get("text", "") if message["msg_type"] == "stream" else content.get("ename", ""))

    await client._async_execute_interactive(code, output_hook=hook, timeout=seconds)
    return "".join(text)


async def restarted(manager: AsyncKernelManager, client: Any) -> None:
    """Restart a kernel, and wait until the client hears what it prints again."""
    await manager.restart_kernel()
    await client._async_wait_for_ready(timeout=60)


def is_fork(manager: AsyncKernelManager) -> bool:
    return isinstance(manager.provisioner.process, Forked)  # type: ignore[union-attr]


def children(pid: int) -> list[int]:
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []  # it has just ended
    return [int(one) for one in listed]


def descendants(pid: int) -> list[int]:
    """A process and all below it."""
    return [pid, *(one for child in children(pid) for one in descendants(child))]


def outside(server: int, inside: int) -> int:
    """The number here of a process below a server that has another one where it runs."""
    numbers = {}
    for pid in descendants(server):
        with suppress(OSError):
            status = Path(f"/proc/{pid}/status").read_text()
            numbers[int(status.partition("NSpid:")[2].splitlines()[0].split()[-1])] = pid
    return numbers[inside]


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def exists(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


async def gone(pids: list[int], seconds: float) -> bool:
    """Whether all processes have ended within some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(exists(pid) for pid in pids):
            return True
        await asyncio.sleep(0.05)
    return False
