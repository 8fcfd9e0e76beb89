"""Invitations: a link that lets somebody choose their own password, once."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.errors import NotFound
from notehouse_core.store.models import Invitation, User

FIRST_ADMIN = "admin"
LIFE = timedelta(days=3)
LIFE_OF_FIRST = timedelta(days=1)


async def invite(session: AsyncSession, user: User, life: timedelta = LIFE) -> str:
    """Return the secret of a new invitation; earlier ones of the person that nobody used end."""
    await withdraw(session, user)
    secret = secrets.token_urlsafe(32)
    expires_at = func.now() + life
    session.add(Invitation(user_id=user.id, token_sha256=_hashed(secret), expires_at=expires_at))
    await session.flush()
    return secret


async def invite_until(session: AsyncSession, user: User) -> tuple[str, datetime]:
    """Return the secret of a new invitation, and when it ends."""
    secret = await invite(session, user)
    return secret, (await _open(session, secret)).expires_at


async def invite_first_admin(session: AsyncSession) -> str | None:
    """Return an invitation for the platform's first admin; None once somebody can log in as one."""
    able = select(User.id).where(User.is_admin, User.is_active, User.password_hash.is_not(None)).limit(1)
    if await session.scalar(able) is not None:
        return None
    admin = await session.scalar(select(User).where(User.username == FIRST_ADMIN))
    if admin is None:
        admin = User(username=FIRST_ADMIN, is_admin=True)
        session.add(admin)
        await session.flush()
    return await invite(session, admin, LIFE_OF_FIRST)


async def withdraw(session: AsyncSession, user: User) -> None:
    """End the invitations of somebody that nobody used."""
    open_ones = delete(Invitation).where(Invitation.user_id == user.id, Invitation.used_at.is_(None))
    await session.execute(open_ones)


async def invited(session: AsyncSession, secret: str) -> User:
    """Return whom an invitation is for. Raises NotFound for one that is used, too old or nobody's."""
    return (await _open(session, secret)).user


async def accept(session: AsyncSession, secret: str, password_hash: str) -> User:
    """Give the invited person their password; the invitation is used. Raises NotFound."""
    invitation = await _open(session, secret, lock=True)
    invitation.used_at = (await session.execute(select(func.now()))).scalar_one()
    invitation.user.password_hash = password_hash
    await session.flush()
    return invitation.user


async def _open(session: AsyncSession, secret: str, *, lock: bool = False) -> Invitation:
    query = (
        select(Invitation)
        .join(Invitation.user)
        .where(
            Invitation.token_sha256 == _hashed(secret),
            Invitation.used_at.is_(None),
            Invitation.expires_at > func.now(),
            User.is_active,
        )
    )
    found = await session.scalar(query.with_for_update(of=Invitation) if lock else query)
    if found is None:
        raise NotFound("This link was used already, is too old, or a newer one has replaced it.")
    return found


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
