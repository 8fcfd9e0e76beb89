"""Tiles over HTTP: the rows of one for a frame's token, and news for a page that is open."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sqlalchemy.exc import DBAPIError
from tornado.iostream import StreamClosedError
from tornado.web import authenticated

from notehouse_core import errors
from notehouse_core.filters import MOST_CHOICES
from notehouse_core.store.models import Snapshot
from notehouse_core.store.viewing import View
from notehouse_core.tokens import Claims
from notehouse_dashboards.content import SendsContent
from notehouse_dashboards.pages import HubPage, JsonAnswers, Page
from notehouse_dashboards.series import OPEN
from notehouse_dashboards.tiles.tables import Shown
from notehouse_dashboards.views import RIGHTS_SECONDS, framed, query_of, shown_to, viewed

log = logging.getLogger(__name__)


class ToFrames(JsonAnswers):
    """What a frame reads, which has no origin."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer a problem as JSON, which the frame reads too."""
        self._open_to_frames()
        super().write_error(status_code, **kwargs)

    def _open_to_frames(self) -> None:
        """A frame has no origin; the token in the address is what opens this, so any page that has it may read."""
        self.set_header("Access-Control-Allow-Origin", "*")
        self.set_header("Cross-Origin-Resource-Policy", "cross-origin")
        self.set_header("Content-Type", "application/json")
        self.set_header("Vary", "Accept-Encoding")


class TileRows(ToFrames):
    """What a tile shows with the filters of the address; opened by the frame's token, never by a cookie."""

    async def get(self, tenant: str, slug: str, tile: str) -> None:
        """Answer it as JSON; rights are asked anew."""
        claims = self.resources.frames.verify(self.get_query_argument("token", ""))
        query = query_of(self.request)
        view = await viewed(self.resources, claims, tenant, slug, query)
        try:
            answer = await self.resources.tiles.of(view, tile, Shown.of(query))
        except errors.QueryRefused as error:
            if view.may_edit:
                raise
            raise errors.Invalid("This part could not be updated. Its author can see why.") from error
        self._open_to_frames()
        if "gzip" in self.request.headers.get("Accept-Encoding", ""):
            self.set_header("Content-Encoding", "gzip")
            self.finish(answer.content)
        else:
            self.finish(gzip.decompress(answer.content))


class WholePage(SendsContent, ToFrames):
    """The page of this moment as a text, from which an open page takes the tiles that Python made."""

    async def get(self, tenant: str, slug: str) -> None:
        """Answer it; never as a page, since it would be one of our origin."""
        claims = self.resources.frames.verify(self.get_query_argument("token", ""))
        snapshot, _ = await framed(self.resources, claims, tenant, slug, query_of(self.request))
        page = await self.resources.pages.of(snapshot.artifact or "")
        self._open_to_frames()
        self.set_header("Content-Security-Policy", "sandbox; default-src 'none'")
        self.send(replace(page, kind="text/plain; charset=utf-8"))


class Choices(JsonAnswers, HubPage):
    """What a filter offers whose choices a SELECT answers, for the other filters of the address."""

    @authenticated
    async def get(self, tenant: str, slug: str, name: str) -> None:
        """Answer them as JSON."""
        view = await self.view(tenant, slug)
        answer = await self.resources.tiles.choices(view, name)
        rows = json.loads(gzip.decompress(answer.content))["rows"]
        self.finish({"choices": [row[0] for row in rows[:MOST_CHOICES] if row[0] is not None]})

    def in_words(self, known: errors.NotehouseError | None) -> str:
        """The same of every problem: viewers are not shown an author's SQL."""
        return "The choices of this filter cannot be read now."


class News(Page):
    """Server-sent events: `changed` when the tables of a dashboard have changed, `renewed` when its page has been made of
    them, `closed` when it may be seen no more.

    Opened by the frame's token of the page, so that links and embeds are told too.
    """

    async def get(self, tenant: str, slug: str) -> None:
        """Tell until the page goes."""
        claims = self.resources.frames.verify(self.get_query_argument("token", ""))
        view = await viewed(self.resources, claims, tenant, slug, {})
        snapshot = await self._snapshot(claims, tenant, slug)
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("X-Accel-Buffering", "no")
        OPEN.inc()
        renewed = asyncio.create_task(self._tell_renewals(snapshot)) if snapshot else None
        try:
            await self._tell("open", {})
            await self._follow(claims, view, snapshot)
        except StreamClosedError:
            log.debug("a page has gone")
        finally:
            OPEN.dec()
            if renewed:
                renewed.cancel()

    async def _snapshot(self, claims: Claims, tenant: str, slug: str) -> Snapshot | None:
        """What the page shows; nothing while that is still being made."""
        with suppress(errors.NotFound):
            return await shown_to(self.resources, claims, tenant, slug, query_of(self.request))
        return None

    async def _tell_renewals(self, snapshot: Snapshot) -> None:
        """Tell when what the page was made from has been made once more."""
        times = 0
        with self.resources.renewals.followed(snapshot), suppress(StreamClosedError):
            while True:
                times = await self.resources.renewals.after(snapshot.id, times)
                await self._tell("renewed", {})

    async def _follow(self, claims: Claims, view: View, snapshot: Snapshot | None) -> None:
        version = view.dashboard.published_version
        if version is None:
            return
        looked = (str(version.id), view.access_class)
        marks = self.resources.marks
        with marks.followed(looked):
            mark = await marks.of(looked)
            if snapshot and snapshot.watermark != mark:  # since the page was made
                await self._tell("changed", {"mark": mark})
            while True:
                try:
                    async with asyncio.timeout(RIGHTS_SECONDS):
                        mark = await marks.after(looked, mark)
                except TimeoutError:
                    if not await self._still(claims, view):
                        return
                    continue
                if not mark:  # nobody has the class any more
                    await self._tell("closed", {})
                    return
                await self._tell("changed", {"mark": mark})
                await asyncio.sleep(version.layout.get("refresh", 1))

    async def _still(self, claims: Claims, view: View) -> bool:
        """Whether the page may go on; that it may not, and that there is a newer version, is told."""
        try:
            now = await viewed(self.resources, claims, claims.tenant, view.dashboard.slug, {})
        except (errors.NotFound, errors.Forbidden):
            await self._tell("closed", {})
            return False
        except (DBAPIError, OSError) as error:
            log.warning("rights cannot be asked now: %s", type(error).__name__)
            return True
        shown, newest = view.dashboard.published_version, now.dashboard.published_version
        if now.access_class != view.access_class or (shown and newest and shown.id != newest.id):
            await self._tell("replaced", {})
            return False
        await self._tell("same", {})
        return True

    async def _tell(self, event: str, about: dict[str, Any]) -> None:
        self.write(f"event: {event}\ndata: {json.dumps(about)}\n\n")
        await self.flush()
