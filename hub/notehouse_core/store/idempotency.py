"""Requests done once: the first with a key works, those after it within a day get its answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.errors import Conflict
from notehouse_core.store.models import IdempotencyKey

KEPT = timedelta(hours=24)
_PATIENCE = "20s"  # for the first request with a key to end
_SWEPT = 200  # old keys that a new one takes away


@dataclass(frozen=True)
class Key:
    """What makes a request the same: who sends it, where to, and the key they gave it."""

    caller: str
    route: str
    key: str


async def claim(session: AsyncSession, key: Key, body_sha256: str) -> bytes | None:
    """Take a key for this transaction (None), or return the sealed answer of the request that had it.

    Waits for one that is being worked on. Raises Conflict when that takes long, or came with another body.
    """
    await _sweep(session)
    new = insert(IdempotencyKey).values(**vars(key), body_sha256=body_sha256).on_conflict_do_nothing()
    await session.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
    try:
        taken = await session.scalar(new.returning(IdempotencyKey.key))
    except OperationalError as error:
        raise Conflict(
            "The first request with this Idempotency-Key is still worked on. Ask again later."
        ) from error
    await session.execute(text("SET LOCAL lock_timeout = DEFAULT"))
    if taken is not None:
        return None
    found = (await session.scalars(select(IdempotencyKey).where(*_is(key)))).one()
    if found.body_sha256 != body_sha256:
        raise Conflict(
            "This Idempotency-Key came with another request before. Choose a new one for each request."
        )
    return found.answer or b""


async def keep(session: AsyncSession, key: Key, answer: bytes) -> None:
    """Store the answer of a claimed key."""
    await session.execute(update(IdempotencyKey).where(*_is(key)).values(answer=answer))


async def release(session: AsyncSession, key: Key) -> None:
    """Give a claimed key back: the same request may be worked on again."""
    await session.execute(delete(IdempotencyKey).where(*_is(key)))


async def _sweep(session: AsyncSession) -> None:
    old = (
        select(IdempotencyKey.caller, IdempotencyKey.route, IdempotencyKey.key)
        .where(IdempotencyKey.created_at < func.now() - KEPT)
        .limit(_SWEPT)
        .with_for_update(skip_locked=True)
    )
    for caller, route, key in (await session.execute(old)).all():
        await release(session, Key(caller, route, key))


def _is(key: Key) -> tuple[ColumnElement[bool], ...]:
    return (
        IdempotencyKey.caller == key.caller,
        IdempotencyKey.route == key.route,
        IdempotencyKey.key == key.key,
    )
