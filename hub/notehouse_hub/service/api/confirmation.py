"""My password once more, before acts that change rights: a browser left open, or a page that lures, is not enough."""

from datetime import timedelta

from fastapi import Request
from pydantic import Field

from notehouse_core import errors
from notehouse_core.store import login_sessions
from notehouse_hub.login.passwords import LONGEST_PASSWORD
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.passwords import check_password
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.auditing import AuditDep
from notehouse_hub.service.identity import SAFE, Caller, CallerDep
from notehouse_hub.service.resources import API_PREFIX, ResourcesDep, SessionDep

router = ApiRouter(prefix="/me", tags=["Me"])

LASTS = timedelta(minutes=10)
_CHANGES_NOTHING = ("/roles/preview", "/{source_id}/test", "/schema/refresh")
_ADMINISTERS = ("manage-members", "manage-roles", "manage-tenant", "manage-sources")


class Confirmation(Body):
    """My password."""

    password: str = Field(max_length=LONGEST_PASSWORD)


@router.post("/confirm", status_code=204)
async def confirm(
    body: Confirmation, caller: CallerDep, session: SessionDep, resources: ResourcesDep, audit: AuditDep
) -> None:
    """Show my password once more; for ten minutes this browser may change what others may do."""
    person = caller.person
    if person.password_hash is None:
        raise errors.Conflict(
            "Your organisation's sign-in knows your password, not we. Log out and in again; a fresh login counts."
        )
    await check_password(person, body.password, resources)
    await login_sessions.confirm(session, person, caller.hub_session)
    await audit(person.username, "confirm-password", person.username)


async def confirmed(request: Request, caller: CallerDep, session: SessionDep) -> None:
    """Raise Unconfirmed when a browser of somebody who administers wants to change rights, long after its password.

    A Hub token made by hand is asked for none: who has it was given it on purpose.
    """
    if request.method in SAFE or not caller.hub_session or not _administers(caller):
        return
    if request.scope["route"].path.endswith(_CHANGES_NOTHING):
        return
    if request.url.path == f"{API_PREFIX}/users/{caller.actor.name}/password":
        return  # shows it anyway
    if not await login_sessions.is_confirmed(session, caller.hub_session, LASTS):
        raise errors.Unconfirmed("This changes what people may do. Show your password once more.")


def _administers(caller: Caller) -> bool:
    return caller.administers or any(caller.actor.tenants_with(action) for action in _ADMINISTERS)
