"""What does every request get? An id, a line in the log, and headers that browsers obey."""

import logging
import re
import time
from contextvars import ContextVar

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from notehouse_core.ids import uuid7
from notehouse_hub.service import metrics

logger = logging.getLogger("notehouse.api")

request_id: ContextVar[str] = ContextVar("request_id", default="")

_ACCEPTABLE_ID = re.compile(rb"[A-Za-z0-9_-]{8,64}")
_SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class RequestContext:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        identifier = _offered_id(scope) or str(uuid7())
        token = request_id.set(identifier)
        status = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(MutableHeaders(scope=message), identifier)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            _log(scope, status, time.perf_counter() - began, identifier)
            _note(scope, status, time.perf_counter() - began, identifier)
            request_id.reset(token)


def _offered_id(scope: Scope) -> str | None:
    """Take over the id of a caller that follows a chain of requests, if it is harmless in a log."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _ACCEPTABLE_ID.fullmatch(value):
            return str(value.decode())
    return None


def _add_headers(headers: MutableHeaders, identifier: str) -> None:
    headers["X-Request-ID"] = identifier
    for name, value in _SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Cache-Control", "no-store")


def _note(scope: Scope, status: int, seconds: float, identifier: str) -> None:
    """Count a request and what a person did, by its route: addresses hold names."""
    who, route = scope.get("state", {}).get("who"), scope.get("route")
    known = getattr(route, "path", "none")
    metrics.REQUESTS.labels(scope["method"], known, str(status)).observe(seconds)
    if who is None or route is None:
        return
    username, tenant = who
    scope["app"].state.resources.usage.add(
        "user_activity",
        tenant=tenant,
        user=username,
        action=f"{scope['method']} {route.path}",
        status=status,
        milliseconds=round(seconds * 1000),
        request_id=identifier,
    )


def _log(scope: Scope, status: int, seconds: float, identifier: str) -> None:
    """Log the path alone: a query string may hold what someone searched for, or a token."""
    if "/health/" in scope["path"] and status < 400:
        return
    milliseconds = round(seconds * 1000, 1)
    logger.info("%s %s %s %s ms %s", scope["method"], scope["path"], status, milliseconds, identifier)
