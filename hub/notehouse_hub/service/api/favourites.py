"""My favourite dashboards: the portal shows them first."""

from notehouse_core.store import preferences
from notehouse_hub.service.api.dashboards import visible
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.identity import CallerDep
from notehouse_hub.service.resources import SessionDep

router = ApiRouter(prefix="/me/favourites", tags=["Me"])


@router.put("/{reference}", status_code=204)
async def keep(reference: str, caller: CallerDep, session: SessionDep) -> None:
    """Make a dashboard one of my favourites."""
    person, found = caller.person, await visible(session, caller, reference)
    await preferences.set_favourite(session, person, found.id, wanted=True)


@router.delete("/{reference}", status_code=204)
async def drop(reference: str, caller: CallerDep, session: SessionDep) -> None:
    """Take a dashboard out of my favourites."""
    person, found = caller.person, await visible(session, caller, reference)
    await preferences.set_favourite(session, person, found.id, wanted=False)
