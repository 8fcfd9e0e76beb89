"""How long must somebody wait who has failed to log in? Kept in Postgres: for every Hub, and through its restarts.

A try counts as failed when it begins, so that many at once gain nothing; one that succeeds is taken back.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, case, delete, extract, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.store.models import LoginAttempt

LONGEST_WAIT = 300.0
FORGOTTEN_AFTER = timedelta(days=1)
_LONGEST_POWER = 9


@dataclass(frozen=True)
class Limit:
    """What is counted together: the first `free` failures cost nothing, each further one doubles the wait."""

    parts: tuple[str, ...]
    free: int

    @property
    def key(self) -> str:
        """The digest under which it is kept."""
        return hashlib.sha256("\0".join(self.parts).encode()).hexdigest()


@dataclass(frozen=True)
class Attempt:
    """A try: refused for `wait` seconds, or begun; then its failure means `locks_for` seconds."""

    wait: float = 0.0
    locks_for: float = 0.0


def network_of(address: str) -> str:
    """Return what one attacker has of an address: all of it for IPv4, the /64 for IPv6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found, 64), strict=False))


async def begin(session: AsyncSession, limits: Sequence[Limit]) -> Attempt:
    """Count a try against all its limits, unless one of them still refuses it."""
    locks = []
    undone = await session.begin_nested()
    for limit in _in_order(limits):
        seconds = await _count(session, limit)
        if seconds is None:
            await undone.rollback()
            return Attempt(wait=await _wait(session, limits))
        locks.append(seconds)
    await undone.commit()
    return Attempt(locks_for=max(locks, default=0.0))


async def _count(session: AsyncSession, limit: Limit) -> float | None:
    """Count a failure and return the seconds that it locks for; None while an earlier one still does."""
    now = func.clock_timestamp()
    stale = LoginAttempt.last_at < now - FORGOTTEN_AFTER
    failures: ColumnElement[int] = case((stale, 1), else_=LoginAttempt.failures + 1)
    excess = func.least(failures - limit.free, _LONGEST_POWER)
    seconds = case((excess > 0, func.least(func.power(2.0, excess), LONGEST_WAIT)), else_=0.0)
    first = timedelta(seconds=0.0 if limit.free > 0 else 2.0)
    new = insert(LoginAttempt).values(key=limit.key, failures=1, free_at=now + first, last_at=now)
    free_at = now + func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    counted = new.on_conflict_do_update(
        index_elements=[LoginAttempt.key],
        set_={"failures": failures, "free_at": free_at, "last_at": now},
        where=LoginAttempt.free_at <= now,
    )
    left = extract("epoch", LoginAttempt.free_at - LoginAttempt.last_at)
    found = await session.scalar(counted.returning(left))
    return None if found is None else max(0.0, float(found))


async def _wait(session: AsyncSession, limits: Sequence[Limit]) -> float:
    left = extract("epoch", func.max(LoginAttempt.free_at) - func.clock_timestamp())
    found = await session.scalar(select(left).where(LoginAttempt.key.in_([one.key for one in limits])))
    return max(float(found or 0.0), 0.5)  # it may have ended in this very moment


def _in_order(limits: Iterable[Limit]) -> list[Limit]:
    """One order everywhere: two tries that share keys must not wait for each other."""
    return sorted(limits, key=lambda one: one.key)


async def succeeded(session: AsyncSession, limits: Sequence[Limit], forgiven: Sequence[Limit]) -> None:
    """Take a try back that succeeded, and forget all failures of `forgiven`; others' failures stay counted."""
    for limit in _in_order({*limits, *forgiven}):
        mine = LoginAttempt.key == limit.key
        if limit in forgiven:
            await session.execute(delete(LoginAttempt).where(mine))
        else:
            undone = {"failures": LoginAttempt.failures - 1, "free_at": func.clock_timestamp()}
            await session.execute(update(LoginAttempt).where(mine).values(**undone))
    old = LoginAttempt.last_at < func.now() - FORGOTTEN_AFTER
    await session.execute(delete(LoginAttempt).where(old))
