"""A dashboard by mail: whoever may see it gets it at the times they choose, with their own rows."""

from datetime import UTC, datetime

from pydantic import BaseModel, Field

from notehouse_core import errors
from notehouse_core.cron import Timetable
from notehouse_core.store import subscriptions as store
from notehouse_core.store.models import Schedule
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.comments import readable
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.identity import CallerDep
from notehouse_hub.service.resources import SessionDep

router = ApiRouter(prefix="/dashboards/{reference}/subscription", tags=["Subscriptions"])


class SubscriptionRequest(Body):
    """When the report is to come; `cron` is read in `timezone`."""

    cron: str = Field(min_length=1, max_length=100)
    timezone: str = Field(default="UTC", max_length=100)


class SubscriptionOut(BaseModel):
    """My subscription, and when the next report comes."""

    cron: str
    timezone: str
    is_active: bool
    next_at: datetime | None


@router.get("")
async def subscription(reference: str, caller: CallerDep, session: SessionDep) -> SubscriptionOut:
    """Show my subscription."""
    found = await store.of(session, await readable(session, caller, reference), caller.person)
    if found is None:
        raise errors.NotFound("You have not subscribed to this dashboard.")
    return _out(found)


@router.post("")
async def subscribe(
    reference: str, body: SubscriptionRequest, caller: CallerDep, session: SessionDep
) -> SubscriptionOut:
    """Subscribe, or change the times of my subscription; the reports have the rows that I may see."""
    found = await readable(session, caller, reference)
    return _out(await store.subscribe(session, found, caller.person, body.cron, body.timezone))


@router.delete("", status_code=204)
async def unsubscribe(reference: str, caller: CallerDep, session: SessionDep) -> None:
    """End my subscription; there may be none."""
    await store.unsubscribe(session, await readable(session, caller, reference), caller.person)


def _out(one: Schedule) -> SubscriptionOut:
    coming = Timetable.parse(one.cron, one.timezone).next_after(datetime.now(UTC)) if one.is_active else None
    return SubscriptionOut(
        cron=one.cron, timezone=one.timezone, is_active=one.is_active, next_at=coming.at if coming else None
    )
