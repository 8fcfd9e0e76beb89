"""Pages that a link opens: no account, no cookie, no filter; on the sites that an embed names, and nowhere else."""

from __future__ import annotations

from notehouse_core.branding import Branding
from notehouse_core.store.viewing import View, view_of_link
from notehouse_dashboards.pages import SHELL_POLICY, JsonAnswers, Page, fresh_at, is_ready
from notehouse_dashboards.views import frame_token

SECRET = r"~([A-Za-z0-9_-]{43})"  # noqa: S105 - the form of one


class LinkedPage(Page):
    """What the page of a link and its token share."""

    async def view(self, secret: str) -> tuple[View, str, list[str]]:
        """What a link shows, in whose name, and which sites may show it. Raises NotFound when it has ended."""
        async with self.resources.database.session() as session:
            return await view_of_link(session, secret=secret)


class LinkPage(LinkedPage):
    """The page around a dashboard, for whoever has its link."""

    async def get(self, secret: str) -> None:
        """Show it, or say that it is being made."""
        view, subject, ancestors = await self.view(secret)
        self.set_header("Content-Security-Policy", _policy(ancestors))
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("X-Robots-Tag", "noindex, nofollow")
        if not is_ready(view):
            message = "It is being made; that takes a moment. This page opens it as soon as it is ready."
            self.show("problem.html", title=view.dashboard.name, message=message, working=True)
            return
        version = view.dashboard.published_version
        self.resources.usage.dashboard_event(
            "view",
            subject,
            tenant=view.dashboard.tenant.slug,
            dashboard=view.dashboard.slug,
            version=version.number if version else 0,
            access_class=view.access_class,
            seconds=self.request.request_time(),
            detail="embed" if ancestors else "link",
        )
        token = frame_token(self.resources, subject, view)
        place = f"{self.resources.prefix}{view.dashboard.tenant.slug}/{view.dashboard.slug}"
        self.show(
            "link.html",
            name=view.dashboard.name,
            fresh_at=fresh_at(view),
            path=self.request.path,
            frame=f"{place}/frame?token={token}",
            is_embed=bool(ancestors),
            theme=f"{self.resources.prefix}{view.dashboard.tenant.slug}/theme.css",
            logo=Branding.of(view.dashboard.tenant.settings).logo,
        )


class LinkToken(JsonAnswers, LinkedPage):
    """A fresh token for a page that has been open for long, as long as its link is good."""

    async def get(self, secret: str) -> None:
        """Answer the token as JSON."""
        view, subject, _ = await self.view(secret)
        token = frame_token(self.resources, subject, view)
        self.finish({"token": token, "ready": is_ready(view), "fresh_at": fresh_at(view), "failed": ""})


def _policy(ancestors: list[str]) -> str:
    """The policy of our pages, but for the sites that may show this one."""
    sites = " ".join(ancestors) or "'none'"
    return SHELL_POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {sites}")
