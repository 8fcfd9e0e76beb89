"""The portal's pages on what runs by itself: schedules, runs, one run."""

from math import ceil
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from notehouse_core.store.models import Run, Schedule
from notehouse_hub.service.api import runs, schedules
from notehouse_hub.service.pagination import PageDep, fetch_page
from notehouse_hub.service.portal.badge import Badge
from notehouse_hub.service.portal.rendering import render
from notehouse_hub.service.portal.visitor import PageCallerDep, visitor_of
from notehouse_hub.service.resources import SessionDep

router = APIRouter(include_in_schema=False)

_KINDS = {"queued": "busy", "running": "busy", "succeeded": "good", "failed": "bad"}


@router.get("/schedules")
async def schedule_list(
    request: Request, caller: PageCallerDep, session: SessionDep, wanted: PageDep
) -> Response:
    """List schedules with their next time."""
    query = schedules.visible_to(caller)
    found, total = await fetch_page(
        session, query, wanted, searched=(Schedule.name,), sorts={"name": Schedule.name}
    )
    return render(
        request,
        "schedules.html",
        visitor_of(caller),
        here="schedules",
        schedules=[schedules.out(one) for one in found],
        total=total,
    )


@router.get("/runs")
async def run_list(request: Request, caller: PageCallerDep, session: SessionDep, wanted: PageDep) -> Response:
    """List runs, newest first."""
    wanted = wanted.model_copy(update={"sort": "-created_at"})
    found, total = await fetch_page(
        session, runs.visible_to(caller), wanted, searched=(Run.name,), sorts={"created_at": Run.created_at}
    )
    return render(
        request,
        "runs.html",
        visitor_of(caller),
        here="runs",
        runs=[_shown(one) for one in found],
        total=total,
        page=wanted.page,
        pages=ceil(total / wanted.limit),
    )


@router.get("/runs/{run_id}")
async def one_run(run_id: UUID, request: Request, caller: PageCallerDep, session: SessionDep) -> Response:
    """Show a run: how far it is, why it failed, what came out."""
    found = await runs.one_of(session, caller, run_id)
    return render(request, "run.html", visitor_of(caller), here="runs", run=_shown(found))


def _shown(one: Run) -> dict[str, Any]:
    shown = runs.out(one).model_dump()
    took = (one.ended_at - one.started_at).total_seconds() if one.ended_at and one.started_at else None
    return {
        **shown,
        "badge": Badge(_KINDS.get(one.state, "quiet"), one.state),
        "seconds": took,
        "run_as": one.run_as.username,
        "page": next((each["url"] for each in shown["artifacts"] if each["name"].endswith(".html")), ""),
    }
