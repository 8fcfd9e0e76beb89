"""Makes a small picture of each dashboard for those who see the same rows of it, when there is nothing else to do."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from notehouse_core import errors
from notehouse_core.artifacts import ArtifactStore
from notehouse_core.printing import thumbnail_of
from notehouse_core.report_page import page_of
from notehouse_core.settings import Settings
from notehouse_core.store import thumbnails
from notehouse_core.store.database import Database

EVERY = 2.0  # seconds
WITHOUT_PRINTER = 300.0  # a machine without Chromium is asked again that seldom

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Thumbnails:
    """What making them needs; one a worker, one picture at a time."""

    database: Database
    artifacts: ArtifactStore
    settings: Settings

    async def for_ever(self) -> None:
        """Make pictures until cancelled. Cards show drawn art as long as there is none."""
        while True:
            pause = EVERY
            try:
                pause = 0 if await self.make_one() else EVERY
            except errors.NotehouseError as error:
                log.info("no thumbnails now: %s", error.message)
                pause = WITHOUT_PRINTER
            except (DBAPIError, OSError) as error:
                log.warning("no thumbnails now: %s", type(error).__name__)
            await asyncio.sleep(pause)

    async def make_one(self) -> bool:
        """Make the next one; False when there is none to make. Raises Unavailable where nothing can be printed."""
        async with self.database.session() as session:
            found = await thumbnails.next_without(session)
        if found is None:
            return False
        snapshot, executed, name = found
        artifact = await self._picture(executed, name)
        async with self.database.session() as session:
            await thumbnails.keep(session, snapshot, artifact)
        log.info("a thumbnail was made", extra={"snapshot": str(snapshot), "made": bool(artifact)})
        return True

    async def _picture(self, executed: str, name: str) -> str:
        """The artifact of a picture; "" of a page that cannot be pictured, which is not tried again."""
        try:
            notebook = await asyncio.to_thread(self.artifacts.get, executed)
            page = await asyncio.to_thread(page_of, notebook.decode(), name)
            picture = await thumbnail_of(page, self.settings)
        except (errors.Invalid, errors.TooLarge, errors.NotFound, errors.SourceTimeout) as error:
            log.warning("a dashboard has no thumbnail: %s", error.message)
            return ""
        except (errors.NotehouseError, OSError):
            raise
        except Exception:
            # An author's page that cannot be drawn must not end the worker that runs everybody's schedules.
            log.exception("a dashboard has no thumbnail")
            return ""
        return await asyncio.to_thread(self.artifacts.put, picture)
