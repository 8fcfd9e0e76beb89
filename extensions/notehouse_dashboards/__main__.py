"""`python -m notehouse_dashboards`: the dashboard server, and the maker of its snapshots."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
from typing import Any

import uvloop
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

from notehouse_core.garbage import look_seldom
from notehouse_core.logs import configure_logs, with_request_id
from notehouse_core.settings import DASHBOARDS_PREFIX, Settings, load_settings
from notehouse_dashboards.asides import Comments, Explanation, Request, SubscriptionPanel
from notehouse_dashboards.health import Live, Metrics, Ready
from notehouse_dashboards.hub_login import LoginCallback
from notehouse_dashboards.links import SECRET, LinkPage, LinkToken
from notehouse_dashboards.live import uploads
from notehouse_dashboards.live.sockets import LiveSocket
from notehouse_dashboards.pages import DashboardPage, Frame, FrameToken, Page, PublicFile
from notehouse_dashboards.renderer.snapshots import SnapshotMaker
from notehouse_dashboards.resources import Resources
from notehouse_dashboards.series import PAGES
from notehouse_dashboards.theme import Theme
from notehouse_dashboards.tiles.pages import Choices, News, TileRows, WholePage

log = logging.getLogger(__name__)

_PATIENCE = 3.0  # seconds, when told to stop
_MESSAGE_BYTES = 1_000_000  # of a message of the live websocket, the files that it brings apart
_WAITING = 1024  # connections not taken yet; whose does not fit in tries again a second later
_DASHBOARD = rf"{DASHBOARDS_PREFIX}/([a-z0-9-]+)/([a-z0-9-]+)"


class Missing(Page):
    """Any other address."""

    def prepare(self) -> None:
        """Answer that there is nothing."""
        super().prepare()
        self.send_error(404)


def make_application(resources: Resources) -> Application:
    """All routes."""
    given: dict[str, Any] = {"resources": resources}
    routes: list[tuple[str, type[RequestHandler], dict[str, Any]]] = [
        (rf"{DASHBOARDS_PREFIX}/health/live", Live, given),
        (rf"{DASHBOARDS_PREFIX}/health/ready", Ready, given),
        (rf"{DASHBOARDS_PREFIX}/metrics", Metrics, given),
        (rf"{DASHBOARDS_PREFIX}/oauth_callback", LoginCallback, {}),
        (rf"{DASHBOARDS_PREFIX}/static/([0-9a-f]+)/(.+)", PublicFile, given),
        (rf"{DASHBOARDS_PREFIX}/{SECRET}", LinkPage, given),
        (rf"{DASHBOARDS_PREFIX}/{SECRET}/token", LinkToken, given),
        (rf"{DASHBOARDS_PREFIX}/([a-z0-9-]+)/theme\.css", Theme, given),
        (_DASHBOARD, DashboardPage, given),
        (rf"{_DASHBOARD}/frame", Frame, given),
        (rf"{_DASHBOARD}/token", FrameToken, given),
        (rf"{_DASHBOARD}/comments", Comments, given),
        (rf"{_DASHBOARD}/explain", Explanation, given),
        (rf"{_DASHBOARD}/subscription", SubscriptionPanel, given),
        (rf"{_DASHBOARD}/access-request", Request, given),
        (rf"{_DASHBOARD}/events", News, given),
        (rf"{_DASHBOARD}/choices/(\w{{1,64}})", Choices, given),
        (rf"{_DASHBOARD}/tiles/~page", WholePage, given),
        (rf"{_DASHBOARD}/tiles/([\w-]{{1,64}})", TileRows, given),
        (rf"{_DASHBOARD}/live/api/kernels/page/channels", LiveSocket, given),
    ]
    return Application(
        routes,
        cookie_secret=resources.cookie_secret.hex(),
        default_handler_class=Missing,
        default_handler_args=given,
        websocket_ping_interval=20,
        websocket_max_message_size=uploads.MAX_BYTES + _MESSAGE_BYTES,
        log_function=with_request_id(_answered),
    )


def _answered(handler: RequestHandler) -> None:
    """Count an answer by its kind, and log its path: what follows the question mark holds tokens."""
    page, status, seconds = type(handler).__name__, handler.get_status(), handler.request.request_time()
    PAGES.labels(page, str(status)).observe(seconds)
    if isinstance(handler, (Live, Metrics, Ready, PublicFile, Theme)) and status < 400:
        return
    method, path = handler.request.method, _told(handler.request.path)
    facts = {"method": method, "path": path, "status": status, "milliseconds": round(seconds * 1000, 1)}
    log.info("%s %s %s", method, path, status, extra=facts)


def _told(path: str) -> str:
    """A path as a log may have it: a link's secret opens a dashboard to whoever reads it."""
    return re.sub("/~[^/]*", "/~", path)


async def serve(settings: Settings) -> None:
    """Serve until told to stop."""
    resources = Resources.of(settings)
    resources.usage.start()
    server = HTTPServer(make_application(resources), xheaders=True)
    server.listen(settings.dashboards_port, settings.bind, backlog=_WAITING)
    look_seldom()
    maker = SnapshotMaker(
        settings, resources.database, resources.control, resources.artifacts, resources.assets
    )
    making = asyncio.create_task(maker.run())
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait({making, waiting}, return_when=asyncio.FIRST_COMPLETED)
    server.stop()
    making.cancel()
    await asyncio.wait({making}, timeout=_PATIENCE)  # a kernel may be at a gateway that has stopped before us
    await resources.close()
    if not stop.is_set():
        log.critical("making snapshots failed in a way nobody expected", exc_info=making.exception())
        os._exit(1)  # the maker failed in a way nobody expected; the supervisor starts us again
    # A page that a thread still draws is not waited for: its lease runs out, and it is made again.
    logging.shutdown()
    os._exit(0)


if __name__ == "__main__":
    configure_logs(load_settings().log_level)
    uvloop.run(serve(load_settings()))
