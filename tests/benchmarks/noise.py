"""A kernel that makes noise, and whoever reads it: `python -m benchmarks.noise URL TOKEN`, the code on standard input.

A process of its own, so that whoever measures the neighbours is not slowed by what it reads. Says "on" when the code runs.
"""

from __future__ import annotations

import asyncio
import sys

from notehouse_core.remote_kernel import RemoteKernelManager


async def make(url: str, token: str, code: str) -> None:
    """Run the code in a kernel of a gateway, and read what it sends until it ends."""
    async with RemoteKernelManager(url=url, hub_token=token) as manager:
        client = manager.client()
        await client.start_channels()
        await client.wait_for_ready(timeout=120)
        client.execute(code)
        print("on", flush=True)
        while True:
            await client.iopub_channel.get_msg()


if __name__ == "__main__":
    asyncio.run(make(sys.argv[1], sys.argv[2], sys.stdin.read()))
