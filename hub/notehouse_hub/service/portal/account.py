"""The portal's page on oneself: roles, browsers, tokens, second factor, password."""

from typing import Any

from fastapi import APIRouter, Request, Response

from notehouse_core import policy
from notehouse_core.store.models import Tenant
from notehouse_hub.service.api import my_account
from notehouse_hub.service.identity import Caller
from notehouse_hub.service.pagination import PageRequest
from notehouse_hub.service.portal.browsers import Browser, browser_of
from notehouse_hub.service.portal.rendering import render
from notehouse_hub.service.portal.visitor import PageCallerDep, visitor_of
from notehouse_hub.service.resources import SessionDep

router = APIRouter(include_in_schema=False)

_MOST_TOKENS = PageRequest(page=1, limit=50, search="", sort="-created_at")


@router.get("/account")
async def account(request: Request, caller: PageCallerDep, session: SessionDep) -> Response:
    """Show somebody who they are here, and let them look after their account."""
    tokens = await my_account.my_tokens(caller, session, _MOST_TOKENS)
    second_factor = await my_account.second_factor(caller, session)
    return render(
        request,
        "account.html",
        visitor_of(caller),
        memberships=_memberships(caller),
        has_password=second_factor.available,
        browsers=[_browser(one) for one in (await my_account.sessions(caller, session)).items],
        tokens=tokens.items,
        tokens_total=tokens.pagination.total,
        second_factor=second_factor,
        token_tenants=_reads(caller),
        may_ask=caller.administers or bool(_reads(caller)),
    )


def _reads(caller: Caller) -> list[Tenant]:
    """The tenants whose data sources somebody may query."""
    allowed = caller.actor.tenants_with("run-sql")
    return [one for one in visitor_of(caller).tenants if one.slug in allowed]


def _memberships(caller: Caller) -> list[dict[str, Any]]:
    names = {tenant.slug: tenant.name for tenant in visitor_of(caller).tenants}
    return [
        {
            "tenant": one.tenant,
            "tenant_name": names.get(one.tenant, one.tenant),
            "role": one.role,
            "may": [sentence for action, sentence in policy.ACTIONS.items() if action in one.actions],
        }
        for one in caller.actor.memberships
    ]


def _browser(one: my_account.SessionOut) -> dict[str, Any]:
    shown: Browser = browser_of(one.browser)
    return {**one.model_dump(), "shown": shown}
