"""A tenant's colours as a style sheet, for the page around a dashboard and for the frame inside."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.branding import Branding
from notehouse_core.store.models import Tenant
from notehouse_dashboards.pages import Page

_SECONDS = 60  # that browsers may keep it


class Theme(Page):
    """Colours and nothing else: the same answer for a tenant without and for one that is not there."""

    async def get(self, tenant: str) -> None:
        """Answer the style sheet."""

        async def ask(session: AsyncSession) -> str:
            settings = await session.scalar(select(Tenant.settings).where(Tenant.slug == tenant))
            return Branding.of(settings or {}).css()

        self.set_header("Content-Type", "text/css; charset=utf-8")
        self.set_header("Cache-Control", f"public, max-age={_SECONDS}")
        self.set_header("Access-Control-Allow-Origin", "*")
        self.set_header("Cross-Origin-Resource-Policy", "cross-origin")
        self.finish(await self.resources.themes.of(tenant, ask))
