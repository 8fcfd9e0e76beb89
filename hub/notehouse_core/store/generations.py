"""Has anything changed since this was found? Rights and what is shown are asked for on every request, and seldom change.

Postgres counts every transaction that changes one of the tables below, in the moment in which it ends: whoever reads
the number afterwards reads another one. So what was found at a number is still true as long as the number is the same,
and asking for the number is one read of one row, shared by all who ask at the same time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.store.database import Database
from notehouse_core.store.generation_number import ASK
from notehouse_core.together import Together

Found = TypeVar("Found")

# Which changes count: of all columns, or of those named; what our own processes write all the time does not. To watch
# another table takes a migration.
WATCHED: dict[str, tuple[str, ...]] = {
    "tenants": (),
    "users": ("username", "email", "first_name", "last_name", "attributes", "is_active", "is_admin"),
    "roles": (),
    "permissions": (),
    "memberships": (),
    "data_sources": ("name", "type", "connection_config", "is_external", "attached_as"),
    "dashboards": (),
    "dashboard_permissions": (),
    "dashboard_versions": (),
    "snapshots": ("status", "artifact", "rendered_at"),
    "comments": (),
}
# Once a transaction, however many rows it changes.
FUNCTION = """CREATE FUNCTION notehouse_turn_generation() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF coalesce(current_setting('notehouse.generation_turned', true), '') <> pg_current_xact_id()::text THEN
        PERFORM set_config('notehouse.generation_turned', pg_current_xact_id()::text, true);
        UPDATE rights_generation SET number = number + 1;
    END IF;
    RETURN NULL;
END $$"""
_ASK = text(ASK)
_KEPT = 5_000


def trigger(table: str, columns: tuple[str, ...]) -> str:
    """The statement that has a table's changes counted, at the end of their transaction: nobody waits for another."""
    update = f"UPDATE OF {', '.join(columns)}" if columns else "UPDATE"
    return (
        f"CREATE CONSTRAINT TRIGGER turn_generation AFTER INSERT OR DELETE OR {update} ON {table} "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION notehouse_turn_generation()"
    )


class Current(Generic[Found]):
    """What was found for each key, as long as nothing has changed; of many, what was asked for longest ago is dropped."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asking: Together[Found] = Together()
        self._kept: OrderedDict[Hashable, tuple[int, Found]] = OrderedDict()

    async def of(self, key: Hashable, ask: Callable[[AsyncSession], Awaitable[Found]]) -> Found:
        """What `ask` finds, or has found when it would find the same; what it raises is not kept."""
        kept = self._standing(key, await self._database.generation.now())
        return kept[1] if kept else await self._asking.of(key, lambda: self._found(key, ask))

    async def within(
        self, session: AsyncSession, key: Hashable, ask: Callable[[AsyncSession], Awaitable[Found]]
    ) -> Found:
        """The same in a transaction of the caller's: who holds one must not wait for another connection."""
        number = await _number_in(session)
        kept = self._standing(key, number)
        return kept[1] if kept else self._keep(key, number, await ask(session))

    async def _found(self, key: Hashable, ask: Callable[[AsyncSession], Awaitable[Found]]) -> Found:
        async with self._database.session() as session:
            number = await _number_in(session)  # first: what is found is this new, or newer
            return self._keep(key, number, await ask(session))

    def _standing(self, key: Hashable, number: int) -> tuple[int, Found] | None:
        kept = self._kept.get(key)
        if kept is None or kept[0] != number:
            return None
        self._kept.move_to_end(key)
        return kept

    def _keep(self, key: Hashable, number: int, found: Found) -> Found:
        self._kept[key] = (number, found)
        self._kept.move_to_end(key)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return found


async def _number_in(session: AsyncSession) -> int:
    return int((await (await session.connection()).execute(_ASK)).scalar_one())
