"""The portal's pages for the platform's administrator: all accounts, and one of them."""

import json
from math import ceil
from typing import Any

from fastapi import APIRouter, Request, Response

from notehouse_core.store import second_factors
from notehouse_hub.service.api import tenants, users
from notehouse_hub.service.etags import VersionedDep
from notehouse_hub.service.pagination import PageDep, PageRequest
from notehouse_hub.service.portal.art import initials
from notehouse_hub.service.portal.badge import Badge
from notehouse_hub.service.portal.rendering import render
from notehouse_hub.service.portal.visitor import PageCallerDep, visitor_of
from notehouse_hub.service.resources import SessionDep

router = APIRouter(include_in_schema=False)

_STATES = {"active": "good", "invited": "busy", "closed": "quiet"}
_EVERY_TENANT = PageRequest(page=1, limit=200, search="", sort="name")


@router.get("/users")
async def account_list(
    request: Request, caller: PageCallerDep, session: SessionDep, wanted: PageDep
) -> Response:
    """List accounts that the caller looks after."""
    found = await users.users(caller, session, wanted)
    return render(
        request,
        "accounts.html",
        visitor_of(caller),
        here="users",
        accounts=[_shown(one) for one in found.items],
        tenants=(await tenants.tenants(caller, session, _EVERY_TENANT)).items,
        total=found.pagination.total,
        search=wanted.search,
        page=wanted.page,
        pages=ceil(found.pagination.total / wanted.limit),
    )


@router.get("/users/{username}")
async def one_account(
    username: str, request: Request, caller: PageCallerDep, session: SessionDep, versioned: VersionedDep
) -> Response:
    """Show an account, with what may be done to it."""
    found = await users.user(username, caller, session, versioned)
    factor = await second_factors.confirmed_of(session, username) if caller.administers else None
    return render(
        request,
        "one_account.html",
        visitor_of(caller),
        here="users",
        account=_shown(found),
        attributes=written(found.attributes),
        has_second_factor=factor is not None,
        is_me=caller.actor.name == username,
        administers=caller.administers,
    )


def written(attributes: dict[str, Any]) -> str:
    """Attributes as people write them: a line each, several values with commas."""
    return "\n".join(f"{name} = {_written(value)}" for name, value in attributes.items())


def _written(value: Any) -> str:
    if isinstance(value, list):
        plain = len(value) > 1 and all(isinstance(one, str) and _is_plain(one) for one in value)
        return ", ".join(value) if plain else json.dumps(value, ensure_ascii=False)
    plain = isinstance(value, str) and _is_plain(value)
    return str(value) if plain else json.dumps(value, ensure_ascii=False)


def _is_plain(text: str) -> bool:
    """Whether a text is read back as itself: no comma, no edge of white space, nothing that is JSON."""
    if not text or "," in text or "\n" in text or text != text.strip():
        return False
    try:
        json.loads(text)
    except ValueError:
        return True
    return False


def _shown(one: users.UserOut) -> dict[str, Any]:
    full_name = f"{one.first_name} {one.last_name}".strip()
    return {
        **one.model_dump(),
        "full_name": full_name,
        "initials": initials(full_name or one.username),
        "badge": Badge(_STATES[one.state], one.state),
    }
