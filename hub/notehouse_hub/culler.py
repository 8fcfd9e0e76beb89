"""`python -m notehouse_hub.culler`: ends servers of people, and kernel gateways, that nobody has used for long.

What counts as use is decided by the servers themselves: a busy kernel does, and at a gateway a connected one.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from datetime import timedelta
from typing import Any

from jupyterhub_idle_culler import cull_idle
from tornado.httpclient import HTTPClientError

from notehouse_core.logs import configure_logs
from notehouse_core.settings import Settings, load_settings, required
from notehouse_hub.hub.roles import GATEWAY_PREFIX

LONGEST_PAUSE, SHORTEST_PAUSE = 300.0, 1.0  # seconds between two looks

log = logging.getLogger(__name__)


def pause(settings: Settings) -> float:
    """Return the seconds between two looks: often enough for the shorter of both limits."""
    limits = [limit for limit in (settings.cull_idle_seconds, settings.cull_gateway_seconds) if limit]
    return max(SHORTEST_PAUSE, min([LONGEST_PAUSE, *(limit / 4 for limit in limits)]))


def is_over(inactive: timedelta | None, server: dict[str, Any], settings: Settings) -> bool:
    """Say whether a server was idle for longer than its kind may be; a limit of 0 is none."""
    is_gateway = str(server["url"]).startswith(f"/user/{GATEWAY_PREFIX}")
    limit = settings.cull_gateway_seconds if is_gateway else settings.cull_idle_seconds
    return bool(limit) and inactive is not None and inactive.total_seconds() >= limit


async def cull_for_ever(settings: Settings) -> None:
    """Look again and again; a Hub that is away only delays it."""

    def arbiter(*, inactive: timedelta | None, server: dict[str, Any], **_: object) -> bool:
        return is_over(inactive, server, settings)

    token = required(settings.hub_token, "hub_token")
    while True:
        try:
            await cull_idle(settings.hub_api, token, 0, log, cull_arbiter=arbiter)
        except (HTTPClientError, OSError) as error:
            log.warning("nothing is ended now, the Hub does not answer: %s", error)
        await asyncio.sleep(pause(settings))


async def serve(settings: Settings) -> None:
    """Look until SIGTERM or SIGINT."""
    culling = asyncio.create_task(cull_for_ever(settings))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, culling.cancel)
    await asyncio.wait({culling})
    if not culling.cancelled():
        culling.result()  # it ends only by an error, which belongs into the log


if __name__ == "__main__":
    configure_logs(load_settings().log_level)
    asyncio.run(serve(load_settings()))
