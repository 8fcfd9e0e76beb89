"""Which Unix user a Hub user's processes run as: numeric, remembered, never given to anybody else."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.store.models import UnixUser

FIRST = 1000  # the numbers before it are our own processes'


async def uid_of(session: AsyncSession, name: str, base: int) -> int:
    """The uid of a Hub user, in the range that starts at `base`; the first call chooses it."""
    known = select(UnixUser.offset).where(UnixUser.name == name)
    offset = await session.scalar(known)
    if offset is None:
        await session.execute(
            insert(UnixUser).values(name=name).on_conflict_do_nothing(index_elements=["name"])
        )
        offset = (await session.execute(known)).scalar_one()
    return base + FIRST + offset


async def known(session: AsyncSession, names: Collection[str], base: int) -> dict[str, int]:
    """The uids of those Hub users who have one already."""
    found = await session.execute(select(UnixUser.name, UnixUser.offset).where(UnixUser.name.in_(names)))
    return {name: base + FIRST + offset for name, offset in found}
