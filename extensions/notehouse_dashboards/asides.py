"""What stands beside a dashboard: what people say of it, and where its numbers come from."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from tornado.web import authenticated

from notehouse_core import errors
from notehouse_core.lineage import origins_of
from notehouse_core.store import access_requests, audit, comments, dashboards, people, subscriptions
from notehouse_core.store.models import Comment, Dashboard, User
from notehouse_core.store.viewing import View
from notehouse_dashboards.pages import HubPage, JsonAnswers, fresh_at

_SHOWN = 200


class Aside(JsonAnswers, HubPage):
    """Takes JSON, and answers in it."""

    def body(self) -> dict[str, Any]:
        """Return the JSON that was sent. Raises Invalid."""
        try:
            found = json.loads(self.request.body)
        except ValueError as error:
            raise errors.Invalid("Send JSON.") from error
        if not isinstance(found, dict):
            raise errors.Invalid("Send a JSON object.")
        return found

    async def signed(self, session: AsyncSession, view: View) -> tuple[User, Dashboard]:
        """Sign what is changed here with the caller's name; they and the dashboard, to be changed. Raises NotFound."""
        audit.sign(session, audit.Author(self.username))
        user = await people.find_user(session, self.username)
        dashboard = await dashboards.find(session, str(view.dashboard.id))
        if user is None or dashboard is None:
            raise errors.NotFound("This dashboard is not there any more.")
        return user, dashboard


class Comments(Aside):
    """What people say of a dashboard."""

    @authenticated
    async def get(self, tenant: str, slug: str) -> None:
        """Answer the newest comments, and the tiles one can speak of."""
        view = await self.view(tenant, slug)
        async with self.resources.database.session() as session:
            query = comments.of(view.dashboard).order_by(Comment.created_at.desc()).limit(_SHOWN)
            found = list(await session.scalars(query))
            versions = {one.id: one for one in await dashboards.versions_of(session, view.dashboard)}
        shown = view.dashboard.published_version
        titles = {tile["id"]: tile["title"] for one in versions.values() for tile in one.tiles}
        self.finish(
            {
                "tiles": [
                    {"id": one["id"], "title": one["title"], "is_table": bool(one.get("is_table"))}
                    for one in (shown.tiles if shown else [])
                ],
                "items": [
                    {
                        "id": str(one.id),
                        "text": one.text,
                        "tile": one.tile,
                        "tile_title": titles.get(one.tile, ""),
                        "version": versions[one.version_id].number,
                        "is_of_this_version": shown is not None and one.version_id == shown.id,
                        "author": one.author.username,
                        "is_resolved": one.resolved_at is not None,
                        "may_resolve": view.may_edit or one.author.username == self.username,
                        "created_at": one.created_at.isoformat(),
                    }
                    for one in found
                ],
            }
        )

    @authenticated
    async def post(self, tenant: str, slug: str) -> None:
        """Say something, or with the `id` of a comment settle it."""
        view, body = await self.view(tenant, slug), self.body()
        async with self.resources.database.session() as session:
            user, dashboard = await self.signed(session, view)
            if "id" in body:
                await self._settle(session, dashboard, user, str(body["id"]), view)
            else:
                text, tile = str(body.get("text", "")), str(body.get("tile", ""))
                await comments.say(session, dashboard, user, text, tile)
        self.set_status(201)
        self.finish({})

    async def _settle(self, session: Any, dashboard: Dashboard, user: User, which: str, view: View) -> None:
        try:
            comment = await comments.find(session, dashboard, UUID(which))
        except ValueError as error:
            raise errors.NotFound(comments.NONE) from error
        if comment.author_id != user.id and not view.may_edit:
            raise errors.Forbidden(
                "Whoever wrote a comment settles it, or somebody who may edit the dashboard."
            )
        comment.resolved_at = datetime.now(UTC)


class Request(Aside):
    """Somebody asks to see a dashboard that they may not know of."""

    @authenticated
    async def post(self, tenant: str, slug: str) -> None:
        """Ask its owner; the answer tells nothing of whether there is one."""
        message = str(self.body().get("message", ""))
        async with self.resources.database.session() as session:
            await access_requests.ask(session, self.username, f"{tenant}:{slug}", message)
        self.set_status(202)
        self.finish({"message": access_requests.ANSWER})


class SubscriptionPanel(Aside):
    """Somebody gets the dashboard by mail."""

    @authenticated
    async def get(self, tenant: str, slug: str) -> None:
        """Answer when, and to which address."""
        await self._answer(tenant, slug, None)

    @authenticated
    async def post(self, tenant: str, slug: str) -> None:
        """Subscribe at other times, or end it where no `cron` is named."""
        await self._answer(tenant, slug, self.body())

    async def _answer(self, tenant: str, slug: str, wanted: dict[str, Any] | None) -> None:
        view = await self.view(tenant, slug)
        async with self.resources.database.session() as session:
            user, dashboard = await self.signed(session, view)
            if wanted is None:
                found = await subscriptions.of(session, dashboard, user)
            elif wanted.get("cron"):
                times = str(wanted["cron"])[:100], str(wanted.get("timezone", "UTC"))[:100]
                found = await subscriptions.subscribe(session, dashboard, user, *times)
            else:
                await subscriptions.unsubscribe(session, dashboard, user)
                found = None
            mail = user.email or ""
            told = (
                {"cron": found.cron, "timezone": found.timezone, "is_active": found.is_active}
                if found
                else None
            )
        self.finish({"mail": mail, "subscription": told})


class Explanation(Aside):
    """Where the numbers of a tile come from."""

    @authenticated
    async def get(self, tenant: str, slug: str) -> None:
        """Answer SQL, tables, values, state of the data and run of a tile, to those who may run SQL here or edit."""
        view = await self.view(tenant, slug)
        version = view.dashboard.published_version
        if version is None:
            raise errors.NotFound("This dashboard shows nothing yet.")
        await self._check(view, tenant)
        tile = self.get_query_argument("tile", "")
        notebook = json.loads(await asyncio.to_thread(self.resources.artifacts.get, version.notebook))
        found = origins_of(notebook, tile, view.parameters)
        self.finish(
            {
                "title": next((one["title"] for one in version.tiles if one["id"] == tile), ""),
                "version": version.number,
                "published_at": version.created_at.isoformat(),
                "message": version.message,
                "fresh_at": fresh_at(view),
                "run": str(view.snapshot.id) if view.snapshot else "",
                "watermark": view.snapshot.watermark if view.snapshot else "",
                "access_class": view.access_class,
                "origins": [
                    {
                        "name": one.name,
                        "source": one.source,
                        "sql": one.sql,
                        "tables": one.tables,
                        "values": {name: str(value) for name, value in one.values.items()},
                    }
                    for one in found
                ],
            }
        )

    async def _check(self, view: View, tenant: str) -> None:
        if view.may_edit:
            return
        async with self.resources.database.session() as session:
            user = await people.find_user(session, self.username)
        if user is None or "run-sql" not in people.actor_of(user).actions_in(tenant):
            raise errors.Forbidden(
                "The SQL behind a dashboard is for those who may run SQL in this tenant. Ask its owner, "
                f"{view.dashboard.owner.username}, what a number means: leave a comment."
            )
