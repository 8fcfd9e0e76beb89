"""Execution tokens that were issued: remembered by their hash, so that each can be ended before its time."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.store.models import Tenant, Token
from notehouse_core.store.plan import CHANNEL
from notehouse_core.tokens import Claims

KEPT = timedelta(days=30)  # after their end


async def remember(session: AsyncSession, claims: Claims, token: str, issued_by: str) -> UUID | None:
    """Keep what is needed to revoke a token, never the token; return the id of its tenant, if it is of one."""
    await session.execute(delete(Token).where(Token.expires_at < func.now() - KEPT))
    tenant_id = await session.scalar(select(Tenant.id).where(Tenant.slug == claims.tenant))
    session.add(
        Token(
            id=UUID(claims.jti),
            tenant_id=tenant_id,
            token_sha256=hashlib.sha256(token.encode()).hexdigest(),
            subject=claims.subject,
            purpose=claims.purpose,
            access_class=claims.access_class,
            object=claims.object,
            issued_by=issued_by,
            expires_at=datetime.fromtimestamp(claims.expires_at, UTC),
        )
    )
    return tenant_id


async def revoke(session: AsyncSession, token_id: UUID, owner: str) -> bool:
    """End a token of `owner` (its subject or who had it issued); False when there is none."""
    mine = (Token.id == token_id) & ((Token.subject == owner) | (Token.issued_by == owner))
    ended = await session.scalar(
        update(Token)
        .where(mine)
        .values(revoked_at=func.coalesce(Token.revoked_at, func.now()))
        .returning(Token.id)
    )
    await session.execute(text(f"NOTIFY {CHANNEL}"))
    return ended is not None


async def revoke_all(
    session: AsyncSession,
    *,
    subject: str | None = None,
    tenant_id: UUID | None = None,
    issued_by: str | None = None,
) -> int:
    """End every token of a person, of a tenant, or that somebody asked for; return how many that were."""
    which = [Token.expires_at > func.now(), Token.revoked_at.is_(None)]
    which += [Token.subject == subject] if subject is not None else []
    which += [Token.tenant_id == tenant_id] if tenant_id is not None else []
    which += [Token.issued_by == issued_by] if issued_by is not None else []
    ended = await session.scalars(
        update(Token).where(*which).values(revoked_at=func.now()).returning(Token.id)
    )
    count = len(ended.all())
    await session.execute(text(f"NOTIFY {CHANNEL}"))
    return count


async def is_revoked(session: AsyncSession, token_id: UUID) -> bool:
    """Has this token been ended, or was it never issued here?"""
    row = (await session.execute(select(Token.revoked_at).where(Token.id == token_id))).one_or_none()
    return row is None or row[0] is not None
