"""Browsers that are logged in: which there are, and ending them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.store.models import LoginSession, User

CHANNEL = "notehouse_logins"
SEEN_AGAIN = timedelta(minutes=1)  # how exact `last_seen_at` is
KEPT = timedelta(days=30)  # after its end
KNOWN_FOR = timedelta(days=30)
_LONGEST_AGENT = 300


async def begin(
    session: AsyncSession, username: str, hub_session: str, *, address: str, agent: str, life: timedelta
) -> str:
    """Return the secret of somebody's new session, and note when they logged in."""
    user_id = await session.scalar(
        update(User).where(User.username == username).values(last_login_at=func.now()).returning(User.id)
    )
    secret = secrets.token_urlsafe(32)
    session.add(
        LoginSession(
            user_id=user_id, secret_sha256=_digest(secret), hub_session=hub_session, address=address,
            agent=agent[:_LONGEST_AGENT], expires_at=func.now() + life,
        )
    )  # fmt: skip
    await session.execute(delete(LoginSession).where(LoginSession.expires_at < func.now() - KEPT))
    return secret


async def is_open(session: AsyncSession, username: str, secret: str) -> bool:
    """Say whether this is the secret of an open session of theirs, and note that it was used."""
    return await _seen(session, username, LoginSession.secret_sha256 == _digest(secret))


async def is_hub_session_open(session: AsyncSession, username: str, hub_session: str) -> bool:
    """Say the same of a session by the mark that its tokens at the Hub have."""
    return await _seen(session, username, LoginSession.hub_session == hub_session)


async def _seen(session: AsyncSession, username: str, which: ColumnElement[bool]) -> bool:
    query = select(LoginSession.id, LoginSession.last_seen_at < func.now() - SEEN_AGAIN).join(
        LoginSession.user
    )
    row = (
        await session.execute(query.where(User.username == username, User.is_active, which, *_open()))
    ).first()
    if row is None:
        return False
    if row[1]:
        seen = update(LoginSession).where(LoginSession.id == row[0]).values(last_seen_at=func.now())
        await session.execute(seen)
    return True


async def open_of(session: AsyncSession, user: User) -> Sequence[LoginSession]:
    """Return somebody's open sessions, the one used last first."""
    query = select(LoginSession).where(LoginSession.user_id == user.id, *_open())
    return (await session.scalars(query.order_by(LoginSession.last_seen_at.desc()))).all()


async def end(session: AsyncSession, user: User, session_id: UUID) -> bool:
    """End one session of theirs; False when there is none."""
    return bool(await _end(session, user, LoginSession.id == session_id))


async def end_all(session: AsyncSession, user: User, *, but: str | None = None) -> int:
    """End their sessions, all `but` the one with this mark at the Hub; return how many that were."""
    others = LoginSession.hub_session != but if but else LoginSession.id.is_not(None)
    return await _end(session, user, others)


async def _end(session: AsyncSession, user: User, which: ColumnElement[bool]) -> int:
    ended = update(LoginSession).where(LoginSession.user_id == user.id, which, *_open())
    found = (await session.scalars(ended.values(ended_at=func.now()).returning(LoginSession.id))).all()
    await session.execute(text(f"NOTIFY {CHANNEL}"))
    return len(found)


async def end_by_secret(session: AsyncSession, secret: str) -> None:
    """End the session of a browser that logs out."""
    mine = LoginSession.secret_sha256 == _digest(secret)
    await session.execute(update(LoginSession).where(mine, *_open()).values(ended_at=func.now()))
    await session.execute(text(f"NOTIFY {CHANNEL}"))


async def ended_lately(session: AsyncSession, within: timedelta) -> list[tuple[str, str]]:
    """Return (username, mark at the Hub) of sessions that were ended within a while."""
    query = select(User.username, LoginSession.hub_session).join(LoginSession.user)
    rows = await session.execute(query.where(LoginSession.ended_at > func.now() - within))
    return [(name, mark) for name, mark in rows]


async def confirm(session: AsyncSession, user: User, hub_session: str) -> None:
    """Note that somebody has shown their password in the browser with this mark."""
    mine = (LoginSession.user_id == user.id, LoginSession.hub_session == hub_session, *_open())
    await session.execute(update(LoginSession).where(*mine).values(confirmed_at=func.now()))


async def is_confirmed(session: AsyncSession, hub_session: str, within: timedelta) -> bool:
    """Say whether the browser with this mark has shown its person's password within a while."""
    lately = LoginSession.confirmed_at > func.now() - within
    query = select(LoginSession.id).where(LoginSession.hub_session == hub_session, lately, *_open()).limit(1)
    return await session.scalar(query) is not None


async def came_from(session: AsyncSession, username: str, address: str) -> bool:
    """Say whether somebody has logged in from this address lately."""
    known = (User.username == username, LoginSession.address == address)
    lately = LoginSession.created_at > func.now() - KNOWN_FOR
    query = select(LoginSession.id).join(LoginSession.user).where(*known, lately).limit(1)
    return await session.scalar(query) is not None


def _open() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return LoginSession.ended_at.is_(None), LoginSession.expires_at > func.now()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
