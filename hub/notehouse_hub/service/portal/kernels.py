"""The portal's page on what computes now: kernels at gateways and, for the platform's administrator, people's servers."""

from typing import Any

from fastapi import APIRouter, Request, Response

from notehouse_core.access import PLATFORM
from notehouse_hub.service.api import kernels, servers
from notehouse_hub.service.api.kernels import Gateway, Kernel
from notehouse_hub.service.api.servers import Server
from notehouse_hub.service.portal.art import initials
from notehouse_hub.service.portal.badge import Badge
from notehouse_hub.service.portal.rendering import render
from notehouse_hub.service.portal.visitor import PageCallerDep, visitor_of
from notehouse_hub.service.resources import ResourcesDep, SessionDep

router = APIRouter(include_in_schema=False)

_KINDS = {"busy": "busy", "idle": "good"}
_STATES = {"running": "good", "starting": "busy", "stopping": "busy"}
_PURPOSES = {"run": "A run", "view": "A page that is open"}
_ORIGINS = {
    "imports": "forked, with the usual libraries imported",
    "notebook": "forked from the notebook that had run",
    "process": "started as a new process",
}
_THINGS = {"dashboard": "dashboards", "schedule": "schedules", "run": "runs", "alert": "alerts"}


@router.get("/kernels")
async def kernel_list(
    request: Request, caller: PageCallerDep, session: SessionDep, resources: ResourcesDep
) -> Response:
    """List kernels by gateway, and people's servers, the largest first."""
    visitor = visitor_of(caller)
    found = await kernels.kernels(caller, session, resources)
    people = (await servers.servers(caller, session, resources)).items if caller.administers else None
    return render(
        request,
        "kernels.html",
        visitor,
        here="kernels",
        gateways=[_gateway(one, found.items) for one in found.gateways],
        kernels=len(found.items),
        held=sum(one.private_bytes for one in found.items),
        people=None if people is None else [_server(one) for one in sorted(people, key=_size)],
    )


def _size(one: Server) -> tuple[int, str]:
    return -(one.memory_bytes or 0), one.username


def _server(one: Server) -> dict[str, Any]:
    return {
        **one.model_dump(),
        "initials": initials(one.username),
        "badge": Badge(_STATES[one.state], one.state),
    }


def _gateway(one: Gateway, items: list[Kernel]) -> dict[str, Any]:
    mine = [each for each in items if each.access_class == one.access_class]
    forks = one.totals.get("forks", 0)
    return {
        **one.model_dump(),
        "of": {"": "no longer anybody's", PLATFORM: "platform admin"}.get(one.tenant, one.tenant),
        "items": [_kernel(each) for each in sorted(mine, key=lambda each: -each.private_bytes)],
        "fork_milliseconds": 1000 * one.totals["fork_seconds"] / forks if forks else None,
    }


def _kernel(one: Kernel) -> dict[str, Any]:
    kind, _, reference = one.object.partition(":")
    path = _THINGS.get(kind)
    return {
        **one.model_dump(),
        "badge": Badge(_KINDS.get(one.state, "quiet"), one.state),
        "what": _PURPOSES.get(one.purpose, "A kernel"),
        "how": _ORIGINS.get(one.origin, one.origin),
        "reads_as": "everybody with these rights" if one.user.startswith("class:") else one.user,
        "href": f"{path}/{reference}" if path in {"dashboards", "runs", "alerts"} else path,
    }
