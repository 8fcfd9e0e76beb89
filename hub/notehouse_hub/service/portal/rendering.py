"""How does a page of the portal come out of a template?"""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from notehouse_core.alerting import shown_number
from notehouse_hub.service.portal.visitor import Visitor
from notehouse_hub.service.resources import PREFIX, resources_of

HERE = Path(__file__).parent
STATIC = HERE / "static"


@dataclass(frozen=True)
class NavigationEntry:
    """A link in the bar on top of every page; `name` is what a page gives as `here`."""

    name: str
    label: str
    href: str


NAVIGATION = (
    NavigationEntry("dashboards", "Dashboards", f"{PREFIX}/"),
    NavigationEntry("schedules", "Schedules", f"{PREFIX}/schedules"),
    NavigationEntry("runs", "Runs", f"{PREFIX}/runs"),
    NavigationEntry("alerts", "Alerts", f"{PREFIX}/alerts"),
    NavigationEntry("deliveries", "Messages", f"{PREFIX}/deliveries"),
)


def _navigation(visitor: Visitor | None) -> tuple[NavigationEntry, ...]:
    """What somebody may open; only those who manage schedules see what runs."""
    if visitor is None:
        return ()
    return NAVIGATION if visitor.may_schedule else NAVIGATION[:1]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(("html", "svg")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = shown_number
    environment.globals.update(prefix=PREFIX, asset=asset)
    return environment


@cache
def asset(name: str) -> str:
    """Return the address of a static file; it changes with the file, so browsers may keep it for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"{PREFIX}/static/{name}?v={digest}"


def render(
    request: Request,
    template: str,
    visitor: Visitor | None,
    *,
    here: str = "",
    status: int = 200,
    **content: Any,
) -> HTMLResponse:
    """Answer a page. `here` names the navigation entry it belongs to; `content` is the template's own."""
    session = resources_of(request).cookies.session(request)
    text = (
        _environment()
        .get_template(template)
        .render(
            person=visitor,
            navigation=_navigation(visitor),
            here=here,
            xsrf=session.xsrf if session else "",
            **content,
        )
    )
    return HTMLResponse(text, status)
