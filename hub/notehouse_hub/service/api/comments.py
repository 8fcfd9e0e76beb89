"""What people say of a dashboard or one of its tiles, as it was in one version."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors
from notehouse_core.store import comments as store_comments
from notehouse_core.store import dashboards as store
from notehouse_core.store.models import Comment, Dashboard, DashboardVersion
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.dashboards import visible
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.pagination import Page, PageDep, fetch_page
from notehouse_hub.service.resources import SessionDep

router = ApiRouter(prefix="/dashboards/{reference}/comments", tags=["Comments"])


class CommentRequest(Body):
    """A comment; `tile` is the id of one (see the version's `tiles`), nothing for the whole page."""

    text: str = Field(min_length=1, max_length=5000)
    tile: str = Field(default="", max_length=100)


class CommentChange(Body):
    """What may be changed; fields left out stay."""

    text: str | None = Field(default=None, min_length=1, max_length=5000)
    is_resolved: bool | None = None


class CommentOut(BaseModel):
    """A comment and the version it is about; `may_change` says whether it is the caller's own."""

    id: UUID
    text: str
    tile: str
    tile_title: str
    version: int
    author: str
    is_resolved: bool
    may_change: bool
    created_at: datetime


@router.get("")
async def comments(
    reference: str,
    caller: CallerDep,
    session: SessionDep,
    wanted: PageDep,
    tile: Annotated[str | None, Query(max_length=100, description="only those on this tile")] = None,
) -> Page[CommentOut]:
    """List what was said, newest first; those who may see the dashboard read it."""
    found = await readable(session, caller, reference)
    query = store_comments.of(found) if tile is None else store_comments.of(found).where(Comment.tile == tile)
    rows, total = await fetch_page(
        session,
        query,
        wanted.model_copy(update={"sort": wanted.sort or "-created_at"}),
        searched=(Comment.text,),
        sorts={"created_at": Comment.created_at},
    )
    versions = {one.id: one for one in await store.versions_of(session, found)}
    return wanted.answer([_out(one, versions, caller) for one in rows], total)


@router.post("", status_code=201)
async def say(reference: str, body: CommentRequest, caller: CallerDep, session: SessionDep) -> CommentOut:
    """Say something of the version that is shown now."""
    found = await readable(session, caller, reference)
    made = await store_comments.say(session, found, caller.person, body.text, body.tile)
    versions = {one.id: one for one in await store.versions_of(session, found)}
    return _out(made, versions, caller)


@router.put("/{comment_id}")
async def change(
    reference: str, comment_id: UUID, body: CommentChange, caller: CallerDep, session: SessionDep
) -> CommentOut:
    """Change one's own words, or mark a comment as settled, which those who may edit the dashboard can do as well."""
    found, comment = await _one(session, caller, reference, comment_id)
    if body.text is not None:
        if comment.author_id != caller.person.id:
            raise errors.Forbidden("Only whoever wrote a comment may change its words.")
        comment.text = body.text
    if body.is_resolved is not None:
        _check(caller, found, comment)
        comment.resolved_at = datetime.now(UTC) if body.is_resolved else None
    await session.flush()
    versions = {one.id: one for one in await store.versions_of(session, found)}
    return _out(comment, versions, caller)


@router.delete("/{comment_id}", status_code=204)
async def take_away(reference: str, comment_id: UUID, caller: CallerDep, session: SessionDep) -> None:
    """Take a comment away: its author, or somebody who may edit the dashboard."""
    found, comment = await _one(session, caller, reference, comment_id)
    _check(caller, found, comment)
    comment.deleted_at = datetime.now(UTC)


def _check(caller: Caller, found: Dashboard, comment: Comment) -> None:
    decided = store.decision(caller.actor, "edit", found)
    if comment.author_id != caller.person.id and not decided:
        raise errors.Forbidden(decided.reason)


async def readable(session: AsyncSession, caller: Caller, reference: str) -> Dashboard:
    """A dashboard that a person may view. Raises NotFound or Forbidden."""
    found = await visible(session, caller, reference)
    _ = caller.person
    if not (decided := store.decision(caller.actor, "view", found)):
        raise errors.Forbidden(decided.reason)
    return found


async def _one(
    session: AsyncSession, caller: Caller, reference: str, comment_id: UUID
) -> tuple[Dashboard, Comment]:
    found = await readable(session, caller, reference)
    return found, await store_comments.find(session, found, comment_id)


def _out(one: Comment, versions: dict[UUID, DashboardVersion], caller: Caller) -> CommentOut:
    version = versions[one.version_id]
    title = next((tile["title"] for tile in version.tiles if tile["id"] == one.tile), "")
    return CommentOut(
        id=one.id,
        text=one.text,
        tile=one.tile,
        tile_title=title,
        version=version.number,
        author=one.author.username,
        is_resolved=one.resolved_at is not None,
        may_change=caller.user is not None and one.author_id == caller.user.id,
        created_at=one.created_at,
    )
