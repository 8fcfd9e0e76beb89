"""What a browser gets: the page around a dashboard, the sandboxed frame inside it, and public files."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from tornado.web import RequestHandler, authenticated

from notehouse_core import errors, log_context
from notehouse_core.branding import Branding
from notehouse_core.settings import API_PREFIX, DASHBOARDS_PREFIX
from notehouse_core.store import preferences
from notehouse_core.store.viewing import Seen, View
from notehouse_dashboards.assets import FOR_EVER
from notehouse_dashboards.content import SendsContent
from notehouse_dashboards.hub_login import KnownToHub
from notehouse_dashboards.resources import Resources
from notehouse_dashboards.shells import Secrets
from notehouse_dashboards.views import frame_token, framed, query_of, seen_by

SHELL_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Vega compiles its expressions, and an anywidget imports its module from a blob that the page made: the same power twice.
_FRAME_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src {origin} 'unsafe-eval' blob:; "
    "style-src {origin} 'unsafe-inline'; img-src data: blob:; font-src {origin} data:; media-src data: blob:; "
    "connect-src {socket} {tiles}; base-uri 'none'; form-action 'none'; frame-src 'none'; frame-ancestors {around}"
)
_PARTS_OF_PAGES = ("text/javascript", "text/css")
_OF_PAGES = ("Content-Security-Policy", "Referrer-Policy", log_context.HEADER)
_HOST = re.compile(r"[A-Za-z0-9.\-\[\]:]+")


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, auto_reload=False
    )


def is_ready(view: View) -> bool:
    """Say whether there is something to show."""
    return view.snapshot is not None and view.snapshot.is_shown


def fresh_at(view: View) -> str:
    """When what is shown was made, in ISO 8601; nothing while it is not."""
    rendered = view.snapshot.rendered_at if view.snapshot and is_ready(view) else None
    return rendered.isoformat() if rendered else ""


class Identified(RequestHandler):
    """A request with an id: its caller's, or a new one."""

    def prepare(self) -> Awaitable[None] | None:
        """Begin the request; all that is logged or asked for it carries its id."""
        identifier = log_context.taken_over(self.request.headers.get(log_context.HEADER))
        log_context.begin(request_id=identifier)
        self.set_header(log_context.HEADER, identifier)
        return None


class Page(Identified):
    """What all pages share: resources, headers, and errors in words."""

    resources: Resources

    def initialize(self, resources: Resources) -> None:
        """Take what the process holds open."""
        self.resources = resources

    def set_default_headers(self) -> None:
        """Say to browsers what they may not do with the page."""
        self.set_header("Content-Security-Policy", SHELL_POLICY)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("Cache-Control", "no-store")
        self.clear_header("Server")

    def compute_etag(self) -> str | None:
        """None: each page has secrets of its own, and no browser keeps one."""
        return None

    def show(self, template: str, **content: Any) -> None:
        """Answer a page."""
        self.finish(self.drawn(template, **content))

    def drawn(self, template: str, **content: Any) -> str:
        """Return a page."""
        found = _environment().get_template(template)
        return found.render(asset=self.resources.assets.url, portal=f"{API_PREFIX}/", **content)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer a problem in words; what was not expected is in the log, not on the page."""
        error = (kwargs.get("exc_info") or (None, None, None))[1]
        message = "Something went wrong on our side. Try again in a moment."
        if isinstance(error, errors.NotehouseError):
            self.set_status(error.status)
            message = error.message
        elif status_code == 404:
            message = "There is nothing at this address."
        self.show("problem.html", title="This cannot be shown", message=message, working=False)

    def log_exception(self, kind: Any, error: Any, at: Any) -> None:
        """Errors that were told to the person are no surprise."""
        if not isinstance(error, errors.NotehouseError):
            super().log_exception(kind, error, at)


class JsonAnswers(Page):
    """Answers in JSON, problems too."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer a problem as JSON; what was not expected is in the log, not in the answer."""
        error = (kwargs.get("exc_info") or (None, None, None))[1]
        known = error if isinstance(error, errors.NotehouseError) else None
        self.set_status(known.status if known else status_code)
        self.finish({"error": self.in_words(known)})

    def in_words(self, known: errors.NotehouseError | None) -> str:
        """What is said of a problem."""
        return known.message if known else "Something went wrong on our side."


class HubPage(KnownToHub, Page):
    """A page for somebody the Hub knows."""

    async def prepare(self) -> None:
        """Begin the request by finding out whose it is."""
        super().prepare()
        await self.look_up()

    @property
    def username(self) -> str:
        """Who it is."""
        return str(self.current_user["name"])

    async def view(self, tenant: str, slug: str) -> View:
        """What they see of a dashboard. Raises NotFound or Forbidden."""
        return (await self.seen(tenant, slug)).view

    async def seen(self, tenant: str, slug: str) -> Seen:
        """The same with what stands around it. Raises NotFound or Forbidden."""
        return await seen_by(self.resources, self.username, tenant, slug, query_of(self.request))

    def note(self, event: str, view: View) -> None:
        """Count what somebody did with a dashboard; it is written after the answer has gone."""
        version = view.dashboard.published_version
        published = version.parameters if version else {}
        self.resources.usage.dashboard_event(
            event,
            self.username,
            tenant=view.dashboard.tenant.slug,
            dashboard=view.dashboard.slug,
            version=version.number if version else 0,
            access_class=view.access_class,
            seconds=self.request.request_time(),
            detail=", ".join(name for name, value in view.parameters.items() if value != published.get(name)),
        )


class DashboardPage(HubPage):
    """The page around a dashboard."""

    @authenticated
    async def get(self, tenant: str, slug: str) -> None:
        """Show it, or say why it cannot be shown yet."""
        seen = await self.seen(tenant, slug)
        view = seen.view
        version = view.dashboard.published_version
        chosen = version is not None and view.parameters != version.parameters
        if not is_ready(view) and not chosen:
            self._not_ready(view)
            return
        self.note("filter" if chosen else "view", view)
        own = Secrets(frame_token(self.resources, self.username, view), self._xsrf())
        self.finish(
            self.resources.shells.of(
                self.username, str(self.request.uri), seen, own, lambda places: self._drawn(seen, places)
            )
        )
        await self._remember(view)

    def _drawn(self, seen: Seen, own: Secrets) -> str:
        """The page around what somebody sees."""
        view, path = seen.view, self.request.path
        tenant, version = view.dashboard.tenant, view.dashboard.published_version
        defaults = version.parameters if version else {}
        query = "".join(f"&{part}" for part in [self.request.query] if part)
        return self.drawn(
            "dashboard.html",
            theme=f"{self.resources.prefix}{tenant.slug}/theme.css",
            logo=Branding.of(tenant.settings).logo,
            comments=seen.comments,
            name=view.dashboard.name,
            tenant=tenant.name,
            fresh_at=fresh_at(view),
            filters=view.filters,
            parameters=view.parameters,
            defaults=defaults,
            chosen=view.parameters != defaults,
            path=path,
            xsrf=own.xsrf,
            details=f"{API_PREFIX}/dashboards/{tenant.slug}:{view.dashboard.slug}",
            exports=f"{API_PREFIX}/api/v1/dashboards/{tenant.slug}:{view.dashboard.slug}/export",
            frame=f"{path}/frame?token={own.token}{query}" if is_ready(view) else "",
        )

    async def _remember(self, view: View) -> None:
        """Note, once the page has gone, that they opened it: the portal shows what one opened last."""
        if not self.resources.opened.is_news(self.username, view.dashboard.id):
            return
        async with self.resources.database.session() as session:
            await preferences.opened(session, self.username, view.dashboard.id)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer a problem; whoever finds nothing here may ask for it."""
        error = (kwargs.get("exc_info") or (None, None, None))[1]
        if not isinstance(error, errors.NotFound) or not self.current_user:
            super().write_error(status_code, **kwargs)
            return
        self.set_status(error.status)
        ask, told = f"{self.request.path}/access-request", {"message": error.message, "working": False}
        self.show("problem.html", title="This cannot be shown", ask=ask, xsrf=self._xsrf(), **told)

    def _xsrf(self) -> str:
        """What the page's own requests must show, so that no other site can make them."""
        shown = self.xsrf_token
        return shown.decode() if isinstance(shown, bytes) else str(shown)

    def _not_ready(self, view: View) -> None:
        error = (view.snapshot.error if view.snapshot else None) or (
            view.newest.error if view.newest else None
        )
        if error:
            where = f"Cell {error['cell']}: " if error.get("cell") else ""
            why = f"{where}{error['name']}: {error['message']}" if view.may_edit else "Its owner can see why."
            self.show("problem.html", title="This dashboard failed", message=why, working=False)
            return
        if view.newest is None:
            message = "Nothing has been published here yet."
            self.show("problem.html", title="Nothing to see yet", message=message, working=False)
            return
        message = "It is being made for you; that takes a moment. This page opens it as soon as it is ready."
        self.show("problem.html", title=view.dashboard.name, message=message, working=True)


class FrameToken(JsonAnswers, HubPage):
    """A fresh token for a page that has been open for long."""

    @authenticated
    async def get(self, tenant: str, slug: str) -> None:
        """Answer the token as JSON, and whether what the address chooses is ready; rights are asked anew."""
        view = await self.view(tenant, slug)
        failed = view.snapshot.error if view.snapshot and view.snapshot.status == "failed" else None
        why = (
            f"{failed['name']}: {failed['message']}" if failed and view.may_edit else "Its owner can see why."
        )
        if is_ready(view) and "chosen" in self.request.arguments:
            self.note("filter", view)
        self.finish(
            {
                "token": frame_token(self.resources, self.username, view),
                "ready": is_ready(view),
                "fresh_at": fresh_at(view),
                "failed": why if failed else "",
            }
        )


class Frame(SendsContent, Page):
    """The dashboard itself: what an author made, in a sandbox without origin or cookies."""

    async def get(self, tenant: str, slug: str) -> None:
        """Answer the snapshot that the token opens."""
        claims = self.resources.frames.verify(self.get_query_argument("token", ""))
        snapshot, ancestors = await framed(self.resources, claims, tenant, slug, query_of(self.request))
        page = await self.resources.pages.of(snapshot.artifact or "")
        self.set_header("Content-Security-Policy", self._policy(f"{tenant}/{slug}/tiles/", ancestors))
        self.send(page)

    def _policy(self, tiles: str, ancestors: list[str]) -> str:
        """A sandboxed page has no origin of its own, so ours is named, and the sites that an embed may be on."""
        host = self.request.host if _HOST.fullmatch(self.request.host) else "localhost"
        # With TLS taken off before our proxy, only the public address tells.
        secure = "https" in (self.request.protocol, self.resources.settings.base_url.partition(":")[0])
        origin = f"{'https' if secure else 'http'}://{host}"
        socket = f"{'wss' if secure else 'ws'}://{host}"
        return _FRAME_POLICY.format(
            origin=origin,
            socket=socket,
            tiles=f"{origin}{DASHBOARDS_PREFIX}/{tiles}",
            around=" ".join((origin, *ancestors)),
        )


class PublicFile(SendsContent, Page):
    """Front end files: public software, readable by frames without origin too."""

    async def get(self, build: str, path: str) -> None:
        """Answer a file. Pages made by an earlier build find today's, which browsers then may not keep."""
        assets = self.resources.assets
        found = assets.get(path) if assets.is_loaded(path) else await asyncio.to_thread(assets.get, path)
        if found is None:
            raise errors.NotFound("There is no such file.")
        if found.kind.startswith(_PARTS_OF_PAGES):
            for name in _OF_PAGES:
                self.clear_header(name)  # no browser makes a page of such a file, and a page asks for many
        self.set_header("Access-Control-Allow-Origin", "*")
        self.set_header("Cross-Origin-Resource-Policy", "cross-origin")
        self.set_header("Cache-Control", FOR_EVER if build == self.resources.assets.build else "no-cache")
        self.send(found)
