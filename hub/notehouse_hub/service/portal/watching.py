"""The portal's pages on what watches and what was sent: alerts, one alert's history, messages."""

from math import ceil
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from notehouse_core.alerting import Condition
from notehouse_core.store.models import Alert, AlertEvaluation, Delivery
from notehouse_hub.service.api import alerts, deliveries
from notehouse_hub.service.pagination import PageDep, fetch_page
from notehouse_hub.service.portal.badge import Badge
from notehouse_hub.service.portal.rendering import render
from notehouse_hub.service.portal.visitor import PageCallerDep, visitor_of
from notehouse_hub.service.resources import SessionDep

router = APIRouter(include_in_schema=False)

_KINDS = {"normal": "good", "pending": "busy", "firing": "bad", "no_data": "quiet", "error": "bad"}
_SENT = {"pending": "quiet", "sending": "busy", "sent": "good", "dead": "bad"}
_WORDS = {"no_data": "no data", "error": "cannot be checked", "dead": "given up", "pending": "waiting"}


@router.get("/alerts")
async def alert_list(
    request: Request, caller: PageCallerDep, session: SessionDep, wanted: PageDep
) -> Response:
    """List alerts and where they stand."""
    found, total = await fetch_page(
        session, alerts.visible_to(caller), wanted, searched=(Alert.name,), sorts={"name": Alert.name}
    )
    shown = [_alert(one) for one in found]
    return render(request, "alerts.html", visitor_of(caller), here="alerts", alerts=shown, total=total)


@router.get("/alerts/{alert_id}")
async def one_alert(
    alert_id: UUID, request: Request, caller: PageCallerDep, session: SessionDep, wanted: PageDep
) -> Response:
    """Show an alert: its condition, where each group stands, every look and every message."""
    found = await alerts.one_of(session, caller, alert_id)
    looks, total = await fetch_page(
        session,
        select(AlertEvaluation).where(AlertEvaluation.alert_id == found.id),
        wanted.model_copy(update={"sort": "-created_at"}),
        searched=(AlertEvaluation.group_key,),
        sorts={"created_at": AlertEvaluation.created_at},
    )
    about = deliveries.visible_to(caller).where(Delivery.object == f"alert:{found.id}")
    sent = await session.scalars(about.order_by(Delivery.created_at.desc()).limit(20))
    return render(
        request,
        "alert.html",
        visitor_of(caller),
        here="alerts",
        alert=_alert(found),
        looks=[_look(one) for one in looks],
        messages=[_message(one) for one in sent],
        page=wanted.page,
        pages=ceil(total / wanted.limit),
    )


@router.get("/deliveries")
async def message_list(
    request: Request, caller: PageCallerDep, session: SessionDep, wanted: PageDep
) -> Response:
    """List messages, newest first."""
    found, total = await fetch_page(
        session,
        deliveries.visible_to(caller),
        wanted.model_copy(update={"sort": "-created_at"}),
        searched=(Delivery.subject, Delivery.address),
        sorts={"created_at": Delivery.created_at},
    )
    return render(
        request,
        "deliveries.html",
        visitor_of(caller),
        here="deliveries",
        messages=[_message(one) for one in found],
        page=wanted.page,
        pages=ceil(total / wanted.limit),
    )


@router.get("/deliveries/{delivery_id}")
async def one_message(
    delivery_id: UUID, request: Request, caller: PageCallerDep, session: SessionDep
) -> Response:
    """Show a message as its recipient sees it."""
    found = await deliveries.one_of(session, caller, delivery_id)
    return render(request, "delivery.html", visitor_of(caller), here="deliveries", message=_message(found))


def _alert(one: Alert) -> dict[str, Any]:
    shown = alerts.out(one).model_dump()
    states = [
        {**state, "badge": Badge(_KINDS[state["state"]], _word(state["state"]))} for state in shown["states"]
    ]
    badge = Badge(_KINDS[shown["state"]], _word(shown["state"]))
    condition = "a notebook raises it" if one.sql is None else str(Condition.parse(one.condition))
    return {**shown, "states": states, "badge": badge, "fires_when": condition}


def _look(one: AlertEvaluation) -> dict[str, Any]:
    shown = alerts.evaluation_out(one).model_dump()
    return {
        **shown,
        "badge": Badge(_KINDS[one.state], _word(one.state)),
        "changed": one.state != one.state_before,
    }


def _message(one: Delivery) -> dict[str, Any]:
    shown = deliveries.out(one).model_dump()
    kind, _, number = one.object.partition(":")
    return {**shown, "badge": Badge(_SENT[one.state], _word(one.state)), "about": f"{kind}s/{number}"}


def _word(state: str) -> str:
    return _WORDS.get(state, state)
