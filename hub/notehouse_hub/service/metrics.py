"""What the API process has done, in Prometheus' text format; for those who reach its own port, or the platform admin."""

import logging

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, Histogram, generate_latest

from notehouse_core import errors
from notehouse_hub.service.gateway_watch import GatewayWatch, Watched
from notehouse_hub.service.identity import caller_of
from notehouse_hub.service.resources import ResourcesDep, SessionDep

router = APIRouter(include_in_schema=False)
log = logging.getLogger(__name__)

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
    series = generate_latest() + generate_latest(await gateways(resources.gateway_watch))
    return Response(series, media_type=CONTENT_TYPE_LATEST)


async def gateways(watch: GatewayWatch) -> CollectorRegistry:
    """Return the series of all kernel gateways: they come and go, and nobody but their callers may enter them."""
    registry = CollectorRegistry()
    answers = Gauge(
        "notehouse_gateway_answers",
        "Gateways that run: 1 answers, 0 not",
        ["access_class"],
        registry=registry,
    )
    try:
        found = await watch.running()
    except errors.Unavailable as reason:
        log.warning("There are no series of kernel gateways now: %s", reason)
        return registry
    for one in found:
        answers.labels(one.access_class).set(one.report is not None)
    _sums(registry, [one for one in found if one.report is not None])
    return registry


def _sums(registry: CollectorRegistry, found: list[Watched]) -> None:
    made: dict[str, Gauge] = {}
    for one in found:
        report = one.report or {}
        values = {f"{name}_total": value for name, value in report["totals"].items()}
        values |= {"kernels": len(report["kernels"]), "templates": len(report["templates"])}
        for name in ("private_bytes", "proportional_bytes", "processes"):
            values[f"kernels_{name}"] = sum(each[name] for each in report["kernels"])
        for name, value in values.items():
            if name not in made:
                said = f"{name.replace('_', ' ').capitalize()} of a kernel gateway"
                made[name] = Gauge(f"notehouse_gateway_{name}", said, ["access_class"], registry=registry)
            made[name].labels(one.access_class).set(value)
