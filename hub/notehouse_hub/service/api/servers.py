"""JupyterLab servers of people: who has one now, since when, and its end. For the platform's administrator."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated

from fastapi import Path, status
from pydantic import BaseModel, Field

from notehouse_core import access, errors
from notehouse_core.store import unix_users, users
from notehouse_core.store.isolation import EVERYWHERE
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.auditing import AuditDep
from notehouse_hub.service.hub_api import HubServer
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.memory import held_by
from notehouse_hub.service.resources import Resources, ResourcesDep, SessionDep, let_go

router = ApiRouter(prefix="/servers", tags=["Kernels"])

_GATEWAYS = access.hub_user("")
_Username = Annotated[str, Path(max_length=64, description="as the list says")]


class Server(BaseModel):
    """A person's JupyterLab server, with all kernels and terminals in there; nobody is told what they hold."""

    username: str
    tenants: list[str] = Field(description="those that the person belongs to")
    state: str = Field(description="running, starting or stopping")
    started_at: datetime | None
    last_activity: datetime | None
    memory_bytes: int | None = Field(
        description="what all its processes hold, where each person has a Unix user on this machine; "
        "memory that several share counts in each, so that less may come free"
    )


class Servers(BaseModel):
    """All servers of people that run now."""

    items: list[Server]


@router.get("")
async def servers(caller: CallerDep, session: SessionDep, resources: ResourcesDep) -> Servers:
    """List who has a JupyterLab server now, for the platform admin."""
    _check(caller)
    await let_go(session)  # not held while the Hub is asked
    known = await resources.hub.servers()
    running = {name: known[name] for name in sorted(known) if not name.startswith(_GATEWAYS)}
    places, held = await _told_of(list(running), resources)
    return Servers(items=[_out(one, running[one], places.get(one, []), held.get(one)) for one in running])


@router.delete("/{username}", status_code=status.HTTP_204_NO_CONTENT)
async def stop(
    username: _Username, caller: CallerDep, session: SessionDep, resources: ResourcesDep, write: AuditDep
) -> None:
    """Stop somebody's JupyterLab server with all that runs in it; files stay, and its owner may start it again."""
    _check(caller)
    server = None if username.startswith(_GATEWAYS) else await resources.hub.server(username)
    if server is None:
        raise errors.NotFound("Nobody of this name has a server that runs. It may have ended.")
    await write(caller.actor.name, "stop-server", username)
    await let_go(session)  # others write down what they do while this one ends, which takes seconds
    await resources.hub.stop_server(username)


def _check(caller: Caller) -> None:
    if not caller.administers:
        raise errors.Forbidden("People's servers are for the administrator of the platform.")


async def _told_of(names: list[str], resources: Resources) -> tuple[dict[str, list[str]], dict[str, int]]:
    """Return what only we know of people: their tenants, and what their Unix users hold."""
    settings = resources.settings
    async with resources.database.session(EVERYWHERE) as session:
        places = await users.places_of(session, names)
        uids = await unix_users.known(session, names, settings.uid_base) if settings.isolate else {}
    held = await asyncio.to_thread(held_by, set(uids.values())) if uids else {}
    return places, {name: held[uid] for name, uid in uids.items() if uid in held}


def _out(name: str, server: HubServer, tenants: list[str], held: int | None) -> Server:
    state = {"spawn": "starting", "stop": "stopping"}.get(server.pending or "", "running")
    return Server(
        username=name,
        tenants=tenants,
        state=state,
        started_at=server.started_at,
        last_activity=server.last_activity,
        memory_bytes=held,
    )
