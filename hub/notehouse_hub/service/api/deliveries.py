"""Deliveries: which messages were owed to whom, which went out, which could not."""

import asyncio
import email
import email.policy
from datetime import datetime
from uuid import UUID

from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from notehouse_core import errors
from notehouse_core.store.models import Delivery, Tenant
from notehouse_hub.service.api.route import ApiRouter, as_file
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.mail_page import page_of
from notehouse_hub.service.pagination import Page, PageDep, fetch_page
from notehouse_hub.service.resources import API_PREFIX, ResourcesDep, SessionDep

MESSAGE = as_file("message/rfc822", "text/html", "application/json")
router = ApiRouter(prefix="/deliveries", tags=["Deliveries"])

_NONE = "There is no such delivery, or none that you may know of."
_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


class DeliveryOut(BaseModel):
    """A message; `message` is the address of what was sent."""

    id: UUID
    tenant: str
    kind: str
    address: str
    subject: str
    object: str
    state: str
    attempts: int
    created_at: datetime
    sent_at: datetime | None
    next_try_at: datetime | None
    last_error: str | None
    message: str | None


@router.get("")
async def deliveries(
    caller: CallerDep,
    session: SessionDep,
    wanted: PageDep,
    state: str | None = None,
    object: str | None = None,
) -> Page[DeliveryOut]:
    """List messages, newest first, of the tenants where the caller may manage schedules and alerts."""
    query = visible_to(caller)
    query = query.where(Delivery.state == state) if state else query
    query = query.where(Delivery.object == object) if object else query
    wanted = wanted.model_copy(update={"sort": wanted.sort or "-created_at"})
    found, total = await fetch_page(
        session,
        query,
        wanted,
        searched=(Delivery.subject, Delivery.address),
        sorts={"created_at": Delivery.created_at},
    )
    return wanted.answer([out(one) for one in found], total)


@router.get("/{delivery_id}")
async def delivery(delivery_id: UUID, caller: CallerDep, session: SessionDep) -> DeliveryOut:
    """Show one message."""
    return out(await one_of(session, caller, delivery_id))


@router.get(
    "/{delivery_id}/message",
    response_class=Response,
    responses=as_file("message/rfc822", "text/html", "application/json"),
)
async def message(
    delivery_id: UUID, caller: CallerDep, session: SessionDep, resources: ResourcesDep, page: bool = False
) -> Response:
    """Fetch what was sent: the mail (.eml) or the webhook's JSON; with `page`, a mail's HTML as a page."""
    found = await one_of(session, caller, delivery_id)
    if found.message is None:
        raise errors.NotFound("Nothing was sent yet.")
    content = await asyncio.to_thread(resources.artifacts.get, found.message)
    headers = {"Content-Security-Policy": _SANDBOX, "X-Frame-Options": "SAMEORIGIN"}
    if found.kind == "webhook":
        return Response(content, media_type="application/json", headers=headers)
    if page:
        shown = page_of(email.message_from_bytes(content, policy=email.policy.default))
        return Response(shown, media_type="text/html; charset=utf-8", headers=headers)
    headers["Content-Disposition"] = f'attachment; filename="{found.id}.eml"'
    return Response(content, media_type="message/rfc822", headers=headers)


@router.post("/{delivery_id}/retry", status_code=202)
async def retry(delivery_id: UUID, caller: CallerDep, session: SessionDep) -> DeliveryOut:
    """Try a dead letter again."""
    found = await one_of(session, caller, delivery_id, lock=True)
    _ = caller.person
    if found.state != "dead":
        raise errors.Conflict(f"This message is {found.state}; only one that was given up is tried again.")
    found.state, found.attempts = "pending", 0
    found.next_try_at = (await session.execute(select(func.now()))).scalar_one()
    await session.flush()
    return out(found)


def visible_to(caller: Caller) -> Select[Delivery]:
    """The messages of tenants where the caller may manage schedules and alerts; never for the platform admin.

    Messages hold a tenant's rows, and the platform admin belongs to no tenant.
    """
    tenants = caller.actor.tenants_with("manage-schedules")
    query = select(Delivery).join(Delivery.tenant).options(selectinload(Delivery.tenant))
    return query.where(Tenant.slug.in_(tenants))


async def one_of(session: AsyncSession, caller: Caller, delivery_id: UUID, *, lock: bool = False) -> Delivery:
    """A message that the caller may see. Raises NotFound."""
    query = visible_to(caller).where(Delivery.id == delivery_id)
    found = (await session.scalars(query.with_for_update(of=Delivery) if lock else query)).one_or_none()
    if found is None:
        raise errors.NotFound(_NONE)
    return found


def out(one: Delivery) -> DeliveryOut:
    """A loaded message as the API shows it."""
    shown = one.address if one.kind == "mail" else one.address.split("/")[2]
    return DeliveryOut(
        id=one.id,
        tenant=one.tenant.slug,
        kind=one.kind,
        address=shown,
        subject=one.subject,
        object=one.object,
        state=one.state,
        attempts=one.attempts,
        created_at=one.created_at,
        sent_at=one.sent_at,
        next_try_at=one.next_try_at if one.state == "pending" else None,
        last_error=one.last_error,
        message=f"{API_PREFIX}/deliveries/{one.id}/message" if one.message else None,
    )
