"""Follows the rights in Postgres and brings each change to ClickHouse, within seconds; looks for drift now and then."""

from __future__ import annotations

import asyncio
import logging
import time

from prometheus_client import Counter, Gauge, Histogram

from notehouse_core.errors import NotehouseError
from notehouse_core.settings import Settings, required
from notehouse_core.store.announcements import for_every_change
from notehouse_core.store.database import Database
from notehouse_core.store.plan import load_access_plan
from notehouse_hub.rights.reconciler import Report
from notehouse_hub.rights.writers import writer_of

EVERY = 60.0  # seconds after which drift is looked for even if nothing was announced
_PAUSE = 1.0
_LATE = 3 * EVERY

OBJECTS = Counter("notehouse_rights_objects_total", "Objects in ClickHouse, by what was done", ["done"])
FAILURES = Counter("notehouse_rights_failures_total", "Plans that could not be written, tried again")
CLASSES = Gauge("notehouse_rights_classes", "Access classes of the plan in force")
CLOSED = Gauge(
    "notehouse_rights_classes_refused", "Access classes that get no rows because they cannot be written"
)
SECONDS = Histogram("notehouse_rights_seconds", "From hearing of a change to its end in ClickHouse")

log = logging.getLogger(__name__)


class RightsProcess:
    """Follows and writes until cancelled."""

    def __init__(self, settings: Settings) -> None:
        self._url = required(settings.database_url, "database_url")
        self._database = Database(self._url, pool_size=1)
        self._writer = writer_of(settings)
        self._done_at = float("-inf")
        self._why = "not written yet"

    async def follow(self) -> None:
        """Follow the rights until cancelled."""
        try:
            await for_every_change(self._url, self._bring, at_least_every=EVERY)
        finally:
            await self._writer.close()
            await self._database.close()

    async def missing(self) -> list[str]:
        """Say what keeps rights from being in force."""
        late = time.monotonic() - self._done_at > _LATE
        return [self._why or "rights from the database"] if late or self._why else []

    async def _bring(self) -> None:
        """Write what Postgres says, until it is written; each try reads anew."""
        began = time.monotonic()
        while True:
            async with self._database.session() as session:
                plan = await load_access_plan(session)
            try:
                report = await self._writer.write(plan)
            except NotehouseError as error:
                FAILURES.inc()
                if error.message != self._why:
                    log.error("rights cannot be written, trying again", extra={"reason": error.message})
                self._why = error.message
                await asyncio.sleep(_PAUSE)
                continue
            self._note(report, len(plan.classes), time.monotonic() - began)
            return

    def _note(self, report: Report, classes: int, seconds: float) -> None:
        self._done_at, self._why = time.monotonic(), ""
        CLASSES.set(classes)
        CLOSED.set(len(report.refused))
        SECONDS.observe(seconds)
        done = {"made": report.made, "mended": report.mended, "removed": report.removed}
        for word, objects in done.items():
            OBJECTS.labels(word).inc(len(objects))
        if report.changed:
            counts = {word: len(objects) for word, objects in done.items()}
            log.info(
                "rights are in force", extra={"classes": classes, "seconds": round(seconds, 3), **counts}
            )
