"""What does someone see in the browser when a page cannot be shown?"""

from dataclasses import dataclass
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from notehouse_core import log_context
from notehouse_hub.service.portal.rendering import render
from notehouse_hub.service.resources import API_PREFIX, PREFIX

_HOME = f"{PREFIX}/"


@dataclass(frozen=True)
class Action:
    """A way out of the page."""

    label: str
    href: str


_HEADINGS = {
    400: "This did not work",
    403: "You may not open this",
    404: "This page does not exist",
    503: "Not available right now",
}
_ADVICE = {
    403: "If you need it for your work, ask the owner of the dashboard or your administrator.",
    404: "It may have been renamed or deleted, or you may not have the right to see that it exists.",
    503: "Nothing is lost. The platform starts again by itself what has stopped.",
}


def wants_page(request: Request) -> bool:
    """Say whether a browser asked for a page, rather than a program for an answer."""
    path = request.url.path
    if path.startswith((f"{API_PREFIX}/", f"{PREFIX}/health/", f"{PREFIX}/openapi.json")):
        return False
    return "text/html" in request.headers.get("accept", "")


def problem_page(request: Request, status: int, message: str) -> Response:
    """Answer the page for an error; someone not logged in is sent to log in instead."""
    if status == 401 and request.method == "GET":
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"{PREFIX}/login?next={quote(wanted, safe='')}", status_code=303)
    return render(
        request,
        "problem.html",
        getattr(request.state, "visitor", None),
        status=status,
        code=status,
        heading=_HEADINGS.get(status, "Something went wrong"),
        message=message,
        advice=_ADVICE.get(status, ""),
        actions=_actions(request, status),
        request_id=log_context.request_id(),
    )


def _actions(request: Request, status: int) -> list[Action]:
    if status == 400:
        return [Action("Log in", f"{PREFIX}/login")]
    if status >= 500 and request.method == "GET":
        return [Action("Try again", request.url.path), Action("All dashboards", _HOME)]
    return [Action("All dashboards", _HOME), Action("Log in as someone else", "/hub/logout")]
