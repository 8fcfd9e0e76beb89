"""Asking to see a dashboard, and who has asked."""

from datetime import datetime

from pydantic import BaseModel, Field

from notehouse_core.store import access_requests
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.dashboards import allowed
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.identity import CallerDep
from notehouse_hub.service.resources import SessionDep

router = ApiRouter(prefix="/dashboards/{reference}/access-requests", tags=["Permissions"])


class AccessQuestion(Body):
    """Why somebody wants to see it."""

    message: str = Field(default="", max_length=access_requests.LONGEST)


class Asked(BaseModel):
    """Always the same, whether there is such a dashboard or not."""

    message: str = access_requests.ANSWER


class AccessRequestOut(BaseModel):
    """Somebody who asked and may not see it yet."""

    username: str
    message: str
    at: datetime


class AccessRequests(BaseModel):
    """The oldest first."""

    items: list[AccessRequestOut]


@router.post("", status_code=202)
async def ask(reference: str, body: AccessQuestion, caller: CallerDep, session: SessionDep) -> Asked:
    """Ask the owner of a dashboard, by `tenant:slug`, to let one see it; they get a mail at most once a day."""
    await access_requests.ask(session, caller.person.username, reference, body.message)
    return Asked()


@router.get("")
async def requests(reference: str, caller: CallerDep, session: SessionDep) -> AccessRequests:
    """List who has asked within a month, for those who may share the dashboard."""
    found = await allowed(session, caller, reference, "share")
    asked = await access_requests.open_ones(session, found)
    return AccessRequests(items=[AccessRequestOut(**vars(one)) for one in asked])
