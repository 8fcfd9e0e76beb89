"""Second factors: who has one, and using each code once."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.errors import Conflict
from notehouse_core.store.models import SecondFactor, User


async def confirmed_of(session: AsyncSession, username: str) -> SecondFactor | None:
    """The second factor that somebody must show; None when they have none, or one that is not confirmed yet."""
    query = select(SecondFactor).join(SecondFactor.user).where(User.username == username)
    return await session.scalar(query.where(SecondFactor.confirmed_at.is_not(None)))


async def pending_of(session: AsyncSession, user: User) -> SecondFactor | None:
    """The one that somebody has begun to set up."""
    mine = (SecondFactor.user_id == user.id, SecondFactor.confirmed_at.is_(None))
    return await session.scalar(select(SecondFactor).where(*mine))


async def begin(session: AsyncSession, user: User, sealed_secret: str) -> None:
    """Keep the secret of one that waits for its first code. Raises Conflict when there is a confirmed one."""
    if await confirmed_of(session, user.username) is not None:
        raise Conflict("You have a second factor already. Remove it before you set up another.")
    await session.execute(delete(SecondFactor).where(SecondFactor.user_id == user.id))
    session.add(SecondFactor(user_id=user.id, sealed_secret=sealed_secret))
    await session.flush()


async def confirm(
    session: AsyncSession, factor: SecondFactor, step: int, recovery_codes: Sequence[str]
) -> None:
    """Make it count, after its first code; `recovery_codes` are digests."""
    values = {"confirmed_at": func.now(), "last_step": step, "recovery_codes": list(recovery_codes)}
    await session.execute(update(SecondFactor).where(SecondFactor.id == factor.id).values(**values))


async def use_step(session: AsyncSession, factor: SecondFactor, step: int) -> bool:
    """Use the code of a step; False when this one or a later one was used before."""
    unused = update(SecondFactor).where(SecondFactor.id == factor.id, SecondFactor.last_step < step)
    return await session.scalar(unused.values(last_step=step).returning(SecondFactor.id)) is not None


async def use_recovery_code(session: AsyncSession, factor: SecondFactor, digest: str) -> bool:
    """Use a recovery code up; False when it is none that is left."""
    mine = SecondFactor.id == factor.id
    left = await session.scalar(select(SecondFactor.recovery_codes).where(mine).with_for_update())
    if left is None or digest not in left:
        return False
    rest = [one for one in left if one != digest]
    await session.execute(update(SecondFactor).where(mine).values(recovery_codes=rest))
    return True


async def replace_recovery_codes(session: AsyncSession, factor: SecondFactor, digests: Sequence[str]) -> None:
    """Make these the only recovery codes."""
    new = update(SecondFactor).where(SecondFactor.id == factor.id)
    await session.execute(new.values(recovery_codes=list(digests)))


async def remove(session: AsyncSession, user: User) -> bool:
    """Remove what somebody has; False when there was nothing."""
    gone = delete(SecondFactor).where(SecondFactor.user_id == user.id).returning(SecondFactor.id)
    return await session.scalar(gone) is not None
