"""What the API process has done, in Prometheus' text format; for those who reach its own port, or the platform admin."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, Histogram, generate_latest

from notehouse_core import errors
from notehouse_hub.service.identity import caller_of
from notehouse_hub.service.resources import ResourcesDep, SessionDep

router = APIRouter(include_in_schema=False)

REQUESTS = Histogram(
    "notehouse_api_request_seconds", "Time to answer, by route", ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)  # fmt: skip


@router.get("/metrics")
async def metrics(request: Request, resources: ResourcesDep, session: SessionDep) -> Response:
    """Answer all series. What comes through the proxy must come from the platform admin."""
    if "x-forwarded-for" in request.headers:
        caller = await caller_of(request, resources, session)
        if not caller.actor.platform_admin:
            raise errors.Forbidden("Metrics are for the platform admin.")
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
