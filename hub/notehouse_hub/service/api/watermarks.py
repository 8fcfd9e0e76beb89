"""Watermarks: our own services ask which state of their tables dashboards' data is in."""

import asyncio
from functools import lru_cache
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import select

from notehouse_core import errors
from notehouse_core.artifacts import ArtifactStore
from notehouse_core.store.models import DashboardVersion
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.identity import CallerDep
from notehouse_hub.service.resources import ResourcesDep, SessionDep
from notehouse_hub.service.table_marks import marks_of, words_of

MOST = 500
router = ApiRouter(prefix="/watermarks", tags=["Watermarks"])


class Looked(Body):
    """A version as one class sees it."""

    version: UUID
    access_class: str = Field(pattern="^[0-9a-f]{20}$")


class WatermarksRequest(Body):
    """Whose watermarks."""

    items: list[Looked] = Field(max_length=MOST)


class Watermarks(BaseModel):
    """A fingerprint for each that was asked for, in their order: another one whenever a table has changed.

    "" for a version or a class that is not there any more.
    """

    marks: list[str]


@router.post("")
async def watermarks(
    body: WatermarksRequest, caller: CallerDep, session: SessionDep, resources: ResourcesDep
) -> Watermarks:
    """Say which state the tables are in that versions name and classes may read. For our own services only."""
    if not caller.actor.service:
        raise errors.Forbidden("Watermarks are for Notehouse's own services.")
    plan = await resources.access_plan(session)
    wanted = {one.version for one in body.items}
    query = select(DashboardVersion.id, DashboardVersion.notebook).where(DashboardVersion.id.in_(wanted))
    keys = dict((await session.execute(query)).tuples().all())
    await session.commit()  # not held while ClickHouse is asked
    words = {one: await asyncio.to_thread(_words, resources.artifacts, key) for one, key in keys.items()}
    known = [one for one in body.items if one.version in keys and one.access_class in plan.classes]
    asked = [(plan.classes[one.access_class], words[one.version]) for one in known]
    found = dict(
        zip(
            ((one.version, one.access_class) for one in known),
            await marks_of(resources.clickhouse, asked),
            strict=True,
        )
    )
    return Watermarks(marks=[found.get((one.version, one.access_class), "") for one in body.items])


@lru_cache(maxsize=MOST)
def _words(artifacts: ArtifactStore, key: str) -> frozenset[str]:
    """The words of a notebook, read once: open pages ask several times a second, and what a key names never changes."""
    return words_of(artifacts.get(key))
