"""The portal's page on who did what."""

import json
import re
from datetime import UTC, datetime
from math import ceil
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from notehouse_core import errors
from notehouse_hub.service.api import audit
from notehouse_hub.service.api.audit import AuditEventOut, AuditFilter
from notehouse_hub.service.auditing import AuditDep
from notehouse_hub.service.pagination import PageDep
from notehouse_hub.service.portal.rendering import render
from notehouse_hub.service.portal.visitor import PageCallerDep, visitor_of
from notehouse_hub.service.resources import API_PREFIX, SessionDep

router = APIRouter(include_in_schema=False)

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAMING = ("subject", "resource", "role", "user", "name", "message", "address")
_Text = Annotated[str, Query(max_length=200)]


async def _filter(
    actor: _Text = "", action: _Text = "", object: _Text = "", since: _Text = "", until: _Text = ""
) -> AuditFilter:
    """The conditions of a form, in which what is not chosen stands as empty text."""
    try:
        return AuditFilter(actor, action, object, "", _day(since), _day(until))
    except ValueError as error:
        raise errors.Invalid("A day is written like 2026-01-31.") from error


def _day(written: str) -> datetime | None:
    """A moment; without a zone it is one of UTC. Raises ValueError."""
    at = datetime.fromisoformat(written) if written else None
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at


@router.get("/audit")
async def event_list(
    request: Request,
    caller: PageCallerDep,
    session: SessionDep,
    wanted: PageDep,
    chosen: Annotated[AuditFilter, Depends(_filter)],
    write: AuditDep,
) -> Response:
    """List what was done, newest first."""
    found = await audit.audit(caller, session, wanted, chosen, write)
    asked = {name: value for name, value in request.query_params.items() if value and name != "page"}
    return render(
        request,
        "audit.html",
        visitor_of(caller),
        here="audit",
        events=[_event(one) for one in found.items],
        total=found.pagination.total,
        chosen={name: request.query_params.get(name, "") for name in vars(chosen)},
        narrowed=bool(asked),
        exports={
            kind: f"{API_PREFIX}/audit?{urlencode({**asked, **chosen.said, 'format': kind})}"
            for kind in ("csv", "jsonl")
        },
        administers=caller.administers,
        search=wanted.search,
        page=wanted.page,
        pages=ceil(found.pagination.total / wanted.limit),
    )


def _event(one: AuditEventOut) -> dict[str, Any]:
    """An event with what it changed side by side."""
    before, after = one.details.get("before") or {}, one.details.get("after") or {}
    rest = {name: value for name, value in one.details.items() if name not in {"before", "after", "id"}}
    return {
        **one.model_dump(),
        "sentence": one.action.replace("-", " "),
        "about": _about(one),
        "changes": [
            (name, _text(before.get(name)), _text(after.get(name))) for name in sorted({*before, *after})
        ],
        "rest": [(name, _text(value)) for name, value in rest.items()],
    }


def _about(one: AuditEventOut) -> str:
    """What an event is about in words: rows without a name are known by what they hold."""
    if not _ID.fullmatch(one.object):
        return one.object
    held = {**(one.details.get("before") or {}), **(one.details.get("after") or {}), **one.details}
    known = next((held[name] for name in _NAMING if held.get(name)), None)
    return _text(known) if known else one.object[:8]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
