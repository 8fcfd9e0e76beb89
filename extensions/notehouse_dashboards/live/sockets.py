"""The websocket of a page: opened with the frame's token, never with a cookie; carries widget messages only."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import Counter
from typing import Any

from sqlalchemy.exc import DBAPIError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from notehouse_core import errors
from notehouse_core.tokens import Claims
from notehouse_dashboards.execution import NotebookFailed
from notehouse_dashboards.live.filter import MessageFilter
from notehouse_dashboards.live.session import LiveSession, started
from notehouse_dashboards.live.widgets import Widgets
from notehouse_dashboards.live.wire import PROTOCOL, Malformed
from notehouse_dashboards.pages import Identified
from notehouse_dashboards.renderer.snapshots import source_of
from notehouse_dashboards.resources import Resources
from notehouse_dashboards.series import LIVE
from notehouse_dashboards.views import RIGHTS_SECONDS, check_rights, query_of, shown_to

TOKEN_PROTOCOL = "notehouse.token."  # noqa: S105 - the prefix of a subprotocol
IDLE_SECONDS = 600.0
MALFORMED, UNAUTHENTICATED, FORBIDDEN, IDLE, TOO_MANY, FAILED = 4400, 4401, 4403, 4408, 4429, 4500

log = logging.getLogger(__name__)
_open: Counter[str] = Counter()  # live pages by user


class LiveSocket(WebSocketHandler, Identified):
    """One page's connection to its kernel."""

    resources: Resources

    def initialize(self, resources: Resources) -> None:
        """Take what the process holds open."""
        self.resources = resources
        self._task: asyncio.Task[None] | None = None
        self._session: LiveSession | None = None
        self._touched = 0.0

    def check_origin(self, origin: str) -> bool:
        """A sandboxed frame has no origin; the token says who it is, and no cookie is read."""
        return True

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """Speak Jupyter's binary protocol."""
        return PROTOCOL if PROTOCOL in subprotocols else None

    def open(self, tenant: str, slug: str) -> None:
        """Check who it is, then start a kernel."""
        self._touched = asyncio.get_running_loop().time()
        self._task = asyncio.create_task(self._run(tenant, slug))

    async def _run(self, tenant: str, slug: str) -> None:
        try:
            claims = self.resources.frames.verify(self._token())
        except errors.Unauthenticated as error:
            self.close(UNAUTHENTICATED, error.message[:120])
            return
        if _open[claims.subject] >= self.resources.settings.live_kernels_per_user:
            self.close(TOO_MANY, "You have too many live dashboards open. Close one, then try again.")
            return
        _open[claims.subject] += 1
        LIVE.inc()
        try:
            await self._live(claims, tenant, slug)
        except NotebookFailed:
            self.close(FAILED, "The notebook failed when it was run anew. Its owner can see why.")
        except (errors.NotFound, errors.Forbidden, errors.Unauthenticated):
            self.close(FORBIDDEN, "You may not open this dashboard any more.")
        except errors.NotehouseError as error:
            self.close(FAILED, error.message[:120])
        except WebSocketClosedError:
            log.debug("a page went while its kernel was starting")
        finally:
            _open[claims.subject] -= 1
            LIVE.dec()

    async def _live(self, claims: Claims, tenant: str, slug: str) -> None:
        began = time.perf_counter()
        snapshot = await shown_to(self.resources, claims, tenant, slug, query_of(self.request))
        source = await source_of(snapshot, self.resources.artifacts)
        states = json.loads(
            await asyncio.to_thread(self.resources.artifacts.get, snapshot.cells["widget_states"])
        )
        await self._tell("starting", "Starting Python ...")
        cell_timeout = self.resources.settings.cell_timeout_seconds
        async with started(self.resources.control, source, cell_timeout, self._tell_progress) as client:
            self._session = LiveSession(client, MessageFilter(Widgets(states)), self._send)
            await self._tell("ready", "")
            self.resources.usage.dashboard_event(
                "live",
                claims.subject,
                tenant=tenant,
                dashboard=slug,
                version=snapshot.version.number,
                access_class=snapshot.access_class,
                seconds=time.perf_counter() - began,
            )
            idle = asyncio.create_task(self._until_idle())
            relaying = asyncio.create_task(self._session.relay())
            lost = asyncio.create_task(self._until_forbidden(claims, tenant, slug))
            await asyncio.wait({idle, relaying, lost}, return_when=asyncio.FIRST_COMPLETED)
            code = IDLE if idle.done() else FAILED
            for task in (idle, relaying, lost):
                task.cancel()
            if lost.done():
                await lost
            self.close(code, "Paused after a while without use." if code == IDLE else "The kernel ended.")

    async def on_message(self, message: str | bytes) -> None:
        """Pass a message on; before the kernel is ready a page has nothing to say."""
        self._touched = asyncio.get_running_loop().time()
        if self._session is None:
            return
        try:
            await self._session.from_browser(message)
        except Malformed as error:
            self.close(MALFORMED, str(error)[:120])

    def on_close(self) -> None:
        """End the kernel with the page."""
        if self._task is not None:
            self._task.cancel()

    async def _until_idle(self) -> None:
        clock = asyncio.get_running_loop().time
        while (left := self._touched + IDLE_SECONDS - clock()) > 0:  # noqa: ASYNC110 - each touch moves the end
            await asyncio.sleep(left)

    async def _until_forbidden(self, claims: Claims, tenant: str, slug: str) -> None:
        """Ask anew as long as the page is live whether its reader may see it. Raises NotFound or Forbidden."""
        while True:
            await asyncio.sleep(RIGHTS_SECONDS)
            try:
                await check_rights(self.resources, claims, tenant, slug)
            except (DBAPIError, OSError) as error:
                log.warning("rights cannot be asked now: %s", type(error).__name__)

    def _tell_progress(self, done: int, total: int) -> None:
        if done < total:
            asyncio.get_running_loop().create_task(self._tell("starting", f"Cell {done} of {total}"))

    async def _tell(self, state: str, detail: str) -> None:
        await self.write_message(json.dumps({"state": state, "detail": detail}))

    async def _send(self, frame: bytes) -> None:
        await self.write_message(frame, binary=True)

    def _token(self) -> str:
        offered: Any = self.request.headers.get("Sec-WebSocket-Protocol", "")
        names = [name.strip() for name in offered.split(",")]
        found = next((name for name in names if name.startswith(TOKEN_PROTOCOL)), "")
        return str(found.removeprefix(TOKEN_PROTOCOL))
