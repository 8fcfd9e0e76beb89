"""Runs the query gateway: `python -m notehouse_hub.service.query_gateway`."""

import asyncio
import contextlib
import logging
import signal
import sys

import uvloop
from pydantic import ValidationError

from notehouse_core.errors import NotehouseError
from notehouse_core.garbage import look_seldom
from notehouse_core.logs import configure_logs
from notehouse_core.settings import Settings, load_settings
from notehouse_hub.service.query_gateway.client_connection import ClientConnection
from notehouse_hub.service.query_gateway.gateway import Gateway

log = logging.getLogger(__name__)


def main() -> None:
    """Serve until told to stop."""
    try:
        settings = load_settings()
        configure_logs(settings.log_level)
        uvloop.run(serve(settings))
    except (NotehouseError, ValidationError, OSError) as error:
        sys.exit(f"The query gateway cannot start: {error}")


async def serve(settings: Settings) -> None:
    """Listen on the query gateway's port until SIGTERM or SIGINT."""
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    gateway = Gateway(settings)
    server = await loop.create_server(
        lambda: ClientConnection(gateway), settings.bind, settings.query_port, backlog=1024
    )
    look_seldom()
    following = loop.create_task(gateway.follow_rights())
    log.info("the query gateway listens on port %d", settings.query_port)
    stop = loop.create_task(stopping.wait())
    await asyncio.wait({stop, following}, return_when=asyncio.FIRST_COMPLETED)
    server.close()
    await gateway.close()
    if following.done():
        following.result()  # it ends only by an error, which belongs into the log
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following


if __name__ == "__main__":
    main()
