"""What does every request get? An id, a line in the log, and headers that browsers obey."""

import logging
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from notehouse_core import log_context
from notehouse_hub.service import metrics

logger = logging.getLogger("notehouse.api")

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
        identifier = log_context.taken_over(_offered_id(scope))
        status = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(MutableHeaders(scope=message), identifier)
            await send(message)

        log_context.begin(request_id=identifier)  # to the end of the task: errors are told further out
        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            _log(scope, status, time.perf_counter() - began)
            _note(scope, status, time.perf_counter() - began, identifier)


def _offered_id(scope: Scope) -> str | None:
    return Headers(scope=scope).get(log_context.HEADER)


def _add_headers(headers: MutableHeaders, identifier: str) -> None:
    headers[log_context.HEADER] = identifier
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


def _log(scope: Scope, status: int, seconds: float) -> None:
    """Log the path alone: a query string may hold what someone searched for, or a token."""
    if "/health/" in scope["path"] and status < 400:
        return
    facts = {"method": scope["method"], "path": scope["path"], "status": status}
    if who := scope.get("state", {}).get("who"):
        facts |= {"user": who[0], "tenant": who[1]}
    facts["milliseconds"] = round(seconds * 1000, 1)
    logger.info("%s %s %s", scope["method"], scope["path"], status, extra=facts)
