"""Runs the writer of rights: `python -m notehouse_hub.rights`."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys

from pydantic import ValidationError

from notehouse_core import watched
from notehouse_core.errors import NotehouseError
from notehouse_core.logs import configure_logs
from notehouse_core.settings import Settings, load_settings
from notehouse_hub.rights.process import RightsProcess


def main() -> None:
    """Follow the rights until told to stop."""
    try:
        settings = load_settings()
        configure_logs(settings.log_level)
        asyncio.run(follow(settings))
    except (NotehouseError, ValidationError, OSError) as error:
        sys.exit(f"Rights cannot be followed: {error}")


async def follow(settings: Settings) -> None:
    """Write rights to ClickHouse as they change, until SIGTERM or SIGINT."""
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    process = RightsProcess(settings)
    listening = await watched.serve(process.missing, settings.rights_port, settings.bind)
    following = loop.create_task(process.follow())
    stop = loop.create_task(stopping.wait())
    await asyncio.wait({stop, following}, return_when=asyncio.FIRST_COMPLETED)
    listening.close()
    if following.done():
        following.result()  # it ends only by an error, which belongs into the log
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following


if __name__ == "__main__":
    main()
