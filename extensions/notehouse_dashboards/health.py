"""Is the process alive, is everything there that it needs, and what has it done?"""

from __future__ import annotations

import asyncio

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from notehouse_dashboards.pages import Page

_PATIENCE = 3.0


class Live(Page):
    """Says that the process answers."""

    def get(self) -> None:
        """Answer at once."""
        self.finish({"status": "live"})


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
