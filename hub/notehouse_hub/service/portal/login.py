"""How does someone come to the portal, and leave it? Through the Hub's OAuth (code flow with PKCE)."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from notehouse_core import errors
from notehouse_hub.service.resources import PREFIX, ResourcesDep
from notehouse_hub.service.sessions import (
    LOGIN_COOKIE,
    SESSION_COOKIE,
    XSRF_FIELD,
    PendingLogin,
    local_path,
    shows_xsrf,
)

router = APIRouter(include_in_schema=False)

CALLBACK = f"{PREFIX}/oauth_callback"
_STALE = "This login was begun in another window, or it took longer than ten minutes. Log in again."


@router.get("/login")
async def login(request: Request, resources: ResourcesDep, next: str | None = None) -> Response:
    """Send a browser to the Hub, which asks for a name and password unless it knows the browser."""
    pending = PendingLogin.start(local_path(next, PREFIX))
    query = {
        "response_type": "code",
        "client_id": resources.client_id,
        "redirect_uri": CALLBACK,
        "state": pending.state,
        "code_challenge": pending.challenge,
        "code_challenge_method": "S256",
    }
    response = RedirectResponse(f"/hub/api/oauth2/authorize?{urlencode(query)}", status_code=303)
    resources.cookies.remember(request, response, pending)
    return response


@router.get("/oauth_callback")
async def oauth_callback(
    request: Request, resources: ResourcesDep, code: str = "", state: str = "", error: str = ""
) -> Response:
    """Take a browser back from the Hub; only the browser that began this login may end it."""
    pending = resources.cookies.pending(request)
    if pending is None or not state or state != pending.state:
        raise errors.Invalid(_STALE)
    if error or not code:
        raise errors.Forbidden("The Hub did not let you in to the portal. Ask your administrator for access.")
    token = await resources.hub.token_for_code(
        client_id=resources.client_id, redirect=CALLBACK, code=code, verifier=pending.verifier
    )
    if token is None:
        raise errors.Invalid(_STALE)
    response = RedirectResponse(pending.next_path, status_code=303)
    resources.cookies.begin(request, response, token)
    resources.cookies.forget(response, LOGIN_COOKIE)
    return response


@router.post("/logout")
async def logout(
    request: Request, resources: ResourcesDep, xsrf: Annotated[str, Form(alias=XSRF_FIELD)] = ""
) -> Response:
    """End the portal's session and the Hub's."""
    session = resources.cookies.session(request)
    if session is not None and not shows_xsrf(session, xsrf):
        raise errors.Forbidden("This page is out of date. Go back, load it again and log out once more.")
    if session is not None:
        await resources.hub.revoke(session.hub_token)
    response = RedirectResponse("/hub/logout", status_code=303)
    resources.cookies.forget(response, SESSION_COOKIE, LOGIN_COOKIE)
    return response
