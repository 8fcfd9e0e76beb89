"""Kernel gateways: our own services ask for the running one of a class."""

from datetime import datetime

from pydantic import BaseModel, Field

from notehouse_core import errors
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.identity import CallerDep
from notehouse_hub.service.resources import ResourcesDep, SessionDep

router = ApiRouter(prefix="/kernel-gateways", tags=["Kernel gateways"])


class GatewayRequest(Body):
    """Which class's gateway."""

    access_class: str = Field(pattern="^[0-9a-f]{20}$")


class Gateway(BaseModel):
    """Where it is, and a token that opens it and nothing else for some minutes."""

    url: str
    token: str
    expires_at: datetime


@router.post("")
async def running(
    body: GatewayRequest, caller: CallerDep, session: SessionDep, resources: ResourcesDep
) -> Gateway:
    """Start the gateway of a class unless it runs, and wait for it. For our own services only."""
    if not caller.actor.service:
        raise errors.Forbidden("Kernel gateways are for Notehouse's own services.")
    if body.access_class not in (await resources.access_plan(session)).classes:
        raise errors.Forbidden("Nobody has this access class any more.")
    await session.commit()  # not held while the Hub starts a server
    found = await resources.gateways.running(body.access_class)
    return Gateway(url=found.url, token=found.token, expires_at=found.expires_at)
