"""What will be due soon finds its gateway up and its template warm: a run at eight does not begin with their start."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import DBAPIError

from notehouse_core import errors
from notehouse_core.control_plane import ControlPlane
from notehouse_core.store import schedules
from notehouse_core.store.database import Database
from notehouse_core.store.plan import class_of

EVERY = 15.0  # seconds
AHEAD = timedelta(minutes=2)

log = logging.getLogger(__name__)


@dataclass
class Forecast:
    """Has the gateways started that runs will need. Any number of workers may do so: who comes second finds them up."""

    database: Database
    control: ControlPlane
    _warm: dict[str, datetime] = field(default_factory=dict)  # by class: until when nothing need be done

    async def for_ever(self) -> None:
        """Look ahead until cancelled. A failure only means that a run waits for its gateway, as it would have."""
        while True:
            try:
                await self.look(datetime.now(UTC))
            except (DBAPIError, OSError, errors.Unavailable) as error:
                log.warning("what is due soon was not prepared: %s", error)
            await asyncio.sleep(EVERY)

    async def look(self, now: datetime) -> list[str]:
        """Prepare for what is due within the next minutes; returns the classes whose gateways were asked for."""
        self._warm = {one: until for one, until in self._warm.items() if until > now}
        asked = []
        for class_id, last in (await self._needed(now)).items():
            if class_id in self._warm:
                continue
            try:
                await self.control.kernel_gateway(class_id)
            except errors.Forbidden as error:  # rights that have just changed
                log.info("no gateway is prepared for class %s: %s", class_id, error)
                continue
            self._warm[class_id] = last
            asked.append(class_id)
        if asked:
            log.info("gateways are ready for runs that are due soon", extra={"classes": asked})
        return asked

    async def _needed(self, now: datetime) -> dict[str, datetime]:
        """The classes of what is due soon, each with when it is needed last."""
        needed: dict[str, datetime] = {}
        async with self.database.session() as session:
            for one, at in await schedules.due_within(session, now, now + AHEAD):
                try:
                    rights = await class_of(session, one.run_as.username, one.tenant.slug)
                except errors.NotehouseError as error:
                    log.info("the schedule %s will not run as things are: %s", one.id, error.message)
                    continue
                needed[rights.id] = max(at, needed.get(rights.id, at))
        return needed
