"""Two versions of a dashboard side by side: code, numbers and pictures, both run on the same data."""

import asyncio
import json
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import Query
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors
from notehouse_core.access import AccessClass
from notehouse_core.notebook_diff import code_changes, number_changes
from notehouse_core.printing import png_of
from notehouse_core.report_page import page_of
from notehouse_core.store import comparing
from notehouse_core.store.models import Dashboard, DashboardVersion, Snapshot
from notehouse_core.store.plan import class_of
from notehouse_hub.service.api.dashboards import allowed
from notehouse_hub.service.api.route import ApiRouter, as_file
from notehouse_hub.service.api.versions import version_of
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.resources import API_PREFIX, Resources, ResourcesDep, SessionDep
from notehouse_hub.service.table_marks import mark_of, words_of

router = ApiRouter(prefix="/dashboards/{reference}", tags=["Versions"])

Before = Annotated[int, Query(alias="from", ge=1)]
After = Annotated[int, Query(alias="to", ge=1)]
Mark = Annotated[
    str, Query(pattern="^[0-9a-f]{0,16}$", description="the state of the data, from an earlier answer")
]


class CellOut(BaseModel):
    """A cell that is not the same; `lines` begin with + (only after), - (only before) or a space."""

    cell: str
    title: str
    kind: str
    change: Literal["added", "removed", "changed", "moved"]
    lines: list[str]


class NumberOut(BaseModel):
    """A number that is not the same; null where a version does not show it."""

    label: str
    before: float | None
    after: float | None
    difference: float | None
    percent: float | None


class TileDifference(BaseModel):
    """A tile whose numbers differ; those that changed most come first."""

    cell: str
    title: str
    numbers_before: int
    numbers_after: int
    changed: int
    numbers: list[NumberOut]


class Pictures(BaseModel):
    """Addresses of both pages as pictures (PNG)."""

    before: str
    after: str


class DiffOut(BaseModel):
    """What is different. Code is there at once; numbers and pictures when `state` is `ready`: ask again until then.

    `watermark` names the state of the data that both are run on; `same_data` is false when it moved meanwhile.
    """

    before: int
    after: int
    code: list[CellOut]
    state: Literal["pending", "ready", "failed"]
    reason: str
    watermark: str
    same_data: bool
    tiles: list[TileDifference]
    pictures: Pictures | None


@router.get("/diff")
async def diff(
    reference: str,
    caller: CallerDep,
    session: SessionDep,
    resources: ResourcesDep,
    before: Before,
    after: After,
    at: Mark = "",
) -> DiffOut:
    """Compare two versions, for those who may edit the dashboard: code, numbers, pictures."""
    found = await allowed(session, caller, reference, "edit")
    versions = [await version_of(session, found, number) for number in (before, after)]
    notebooks = [await asyncio.to_thread(resources.artifacts.get, one.notebook) for one in versions]
    code = [CellOut(**asdict(one)) for one in code_changes(*(json.loads(one) for one in notebooks))]
    access_class = await _class(session, caller, found)
    words = frozenset().union(*map(words_of, notebooks))
    now = await mark_of(resources.clickhouse, access_class, words)
    mark = at or now
    runs = [await comparing.compared(session, one, access_class.id, mark) for one in versions]
    state, reason = _state(versions, runs)
    answer = DiffOut(
        before=before,
        after=after,
        code=code,
        state=state,
        reason=reason,
        watermark=mark,
        same_data=mark == now,
        tiles=[],
        pictures=None,
    )
    if state == "ready":
        answer.tiles = await asyncio.to_thread(_tiles, runs, resources)
        address = f"{API_PREFIX}/dashboards/{found.id}/versions"
        pictures = [f"{address}/{one.number}/picture?at={mark}" for one in versions]
        answer.pictures = Pictures(before=pictures[0], after=pictures[1])
    return answer


@router.get("/versions/{number}/picture", response_class=Response, responses=as_file("image/png"))
async def picture(
    reference: str, number: int, caller: CallerDep, session: SessionDep, resources: ResourcesDep, at: Mark
) -> Response:
    """Fetch the picture of a version as a comparison has run it, for those who may edit the dashboard."""
    found = await allowed(session, caller, reference, "edit")
    version = await version_of(session, found, number)
    access_class = await _class(session, caller, found)
    key = comparing.comparison_hash(version, at)
    run = await comparing.comparison(session, version.id, access_class.id, key)
    if run is None or run.status != "ready":
        raise errors.NotFound("There is no such comparison. Ask for the difference first.")
    executed = await asyncio.to_thread(resources.artifacts.get, run.cells["executed"])
    page = await asyncio.to_thread(page_of, executed.decode(), found.name)
    return Response(await png_of(page, resources.settings), media_type="image/png")


async def _class(session: AsyncSession, caller: Caller, dashboard: Dashboard) -> AccessClass:
    """With whose rows: the caller's own, so the platform admin, who has none here, cannot compare."""
    if dashboard.tenant.slug not in caller.actor.tenants:
        raise errors.Forbidden(
            "Comparing runs both versions with your own rows, and you have none in this tenant. "
            "Log in as a member of the tenant."
        )
    return await class_of(session, caller.person.username, dashboard.tenant.slug)


def _state(
    versions: list[DashboardVersion], runs: list[Snapshot]
) -> tuple[Literal["pending", "ready", "failed"], str]:
    for version, run in zip(versions, runs, strict=True):
        if run.status == "failed":
            error = run.error or {}
            where = f"cell {error['cell']}: " if error.get("cell") else ""
            return "failed", f"Version {version.number} does not run now, {where}{error.get('message', '')}"
    return ("ready", "") if all(run.status == "ready" for run in runs) else ("pending", "")


def _tiles(runs: list[Snapshot], resources: Resources) -> list[TileDifference]:
    executed = [json.loads(resources.artifacts.get(run.cells["executed"])) for run in runs]
    return [_tile(one) for one in number_changes(*executed)]


def _tile(one: Any) -> TileDifference:
    numbers = [
        NumberOut(**asdict(each), difference=each.difference, percent=each.percent) for each in one.numbers
    ]
    return TileDifference(
        cell=one.cell,
        title=one.title,
        numbers_before=one.numbers_before,
        numbers_after=one.numbers_after,
        changed=one.changed,
        numbers=numbers,
    )
