"""Is the process alive, is everything there that it needs, and what has it done?"""

from __future__ import annotations

import asyncio

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from notehouse_core import errors
from notehouse_core.store import renderings
from notehouse_dashboards.pages import Page
from notehouse_dashboards.series import WAITING

_PATIENCE = 3.0


class Live(Page):
    """Says that the process answers."""

    def get(self) -> None:
        """Answer at once."""
        self.finish({"status": "live"})


class Metrics(Page):
    """What this process has done, in Prometheus' text format."""

    async def get(self) -> None:
        """Answer all series to those who reach this process's own port, never through the proxy."""
        if "X-Forwarded-For" in self.request.headers:
            raise errors.NotFound("There is nothing at this address.")
        WAITING.clear()
        for status, count in (await self._waiting()).items():
            WAITING.labels(status).set(count)
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.finish(generate_latest())

    async def _waiting(self) -> dict[str, int]:
        """How many snapshots wait; nothing while the database is away, which other series tell."""
        try:
            async with asyncio.timeout(_PATIENCE), self.resources.database.session() as session:
                return await renderings.waiting(session)
        except (SQLAlchemyError, OSError, TimeoutError):
            return {}


class Ready(Page):
    """Says whether everything answers that pages need."""

    async def get(self) -> None:
        """Answer 503 with the names of what is missing."""
        missing = [] if await self._database() else ["database"]
        self.set_status(503 if missing else 200)
        self.finish({"status": "not ready" if missing else "ready", "missing": missing})

    async def _database(self) -> bool:
        try:
            async with asyncio.timeout(_PATIENCE), self.resources.database.session() as session:
                await session.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError, TimeoutError):
            return False
        return True
