"""How does a page of the portal come out of a template?"""

import hashlib
import html
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from notehouse_core.alerting import shown_number
from notehouse_hub.service.portal.navigation import sections_of
from notehouse_hub.service.portal.visitor import Visitor
from notehouse_hub.service.resources import PREFIX, resources_of

HERE = Path(__file__).parent
STATIC = HERE / "static"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(("html", "svg")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=shown_number, count=shown_count, size=shown_bytes, moment=moment)
    environment.filters.update(code=code)
    environment.globals.update(prefix=PREFIX, asset=asset)
    return environment


def shown_count(count: int) -> str:
    """A whole number as people read it."""
    return f"{count:,}"


_UNITS = ("B", "kB", "MB", "GB", "TB")


def shown_bytes(size: int) -> str:
    """A size as people read it."""
    step = min(max(len(str(size)) - 1, 0) // 3, len(_UNITS) - 1)
    shown = size / 1000**step
    return f"{shown:.0f} {_UNITS[step]}" if shown >= 10 or not step else f"{shown:.1f} {_UNITS[step]}"


def moment(at: datetime) -> Markup:
    """A moment that the browser shows as far away as it is."""
    return Markup('<time datetime="{0}" data-relative>{1}</time>').format(
        at.isoformat(), f"{at:%Y-%m-%d %H:%M}"
    )


def code(text: str) -> Markup:
    """Text between tags, never for an attribute: quotes stay, of which JSON has so many that they would double its size."""
    return Markup(html.escape(text, quote=False))  # noqa: S704  # what could open a tag is escaped


def asset(name: str) -> str:
    """Return the address of a static file; it changes with them, so browsers may keep it for ever."""
    return f"{PREFIX}/static/{build()}/{name}"


@cache
def build() -> str:
    """A digest of all static files, which import one another by name."""
    content = hashlib.sha256()
    for file in sorted(STATIC.iterdir()):
        content.update(file.name.encode() + b"\0" + file.read_bytes())
    return content.hexdigest()[:12]


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
    session, sections = resources_of(request).cookies.session(request), sections_of(visitor)
    text = (
        _environment()
        .get_template(template)
        .render(
            person=visitor,
            sections=sections,
            section=next((one for one in sections if one.holds(here)), None),
            here=here,
            xsrf=session.xsrf if session else "",
            link=lambda **new: _link(request, new),
            **content,
        )
    )
    return HTMLResponse(text, status)


def _link(request: Request, new: dict[str, Any]) -> str:
    """This page's address with other parameters; those without a value are left out."""
    query = {**request.query_params, **new}
    kept = {name: value for name, value in query.items() if value not in {"", None}}
    return f"{request.url.path}?{urlencode(kept)}" if kept else request.url.path
