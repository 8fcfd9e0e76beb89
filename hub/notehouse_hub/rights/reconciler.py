"""Brings ClickHouse to what an access plan says, by SQL, with no moment in which a row is visible that should not be.

What is given too much is taken away first. Then users, profiles and policies are made, and read back; only who has all
policies that were asked for is granted tables, at the very end. What somebody changed by hand is put right and told;
objects that are not ours are not touched.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace

from notehouse_core.access import AccessPlan
from notehouse_core.row_filter import literal
from notehouse_hub.rights.grants import quoted
from notehouse_hub.rights.objects import Key, Kind, Thing, Wanted, drop, wanted_of
from notehouse_hub.rights.readback import Seen, as_written, read
from notehouse_hub.rights.server import Server, StatementRefused

_KNOWN = "SELECT name FROM system.settings"
_VITAL = (Kind.USER, Kind.POLICY)  # without these as they should be, nothing is granted
_LOGINS_AT_ONCE = 8

log = logging.getLogger(__name__)


@dataclass
class Report:
    """What was done: objects made, mended (they had drifted), removed; and users left without grants, with the reason."""

    made: list[str] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Say whether anything was done."""
        return bool(self.made or self.mended or self.removed)


class Reconciler:
    """Compares and mends, one plan at a time."""

    def __init__(self, server: Server, class_secret: str) -> None:
        self._server = server
        self._secret = class_secret

    async def reconcile(self, plan: AccessPlan) -> Report:
        """Bring ClickHouse to this plan. Raises SourceDown."""
        known = frozenset(name for (name,) in await self._server.rows(_KNOWN))
        wanted = await self._readable(wanted_of(plan, self._secret, known))
        report = Report(refused=dict(wanted.refused))
        seen = await read(self._server)
        await self._take_away(seen, wanted, report)
        await self._prepare(seen, wanted, report)
        await self._clear(seen, wanted, report)
        if report.changed:
            seen = await read(self._server)
        await self._grant(seen, wanted, report)
        return report

    async def _readable(self, wanted: Wanted) -> Wanted:
        """Write filters as ClickHouse writes them; whose filter it cannot read is left out."""
        policies = [thing for thing in wanted.things.values() if thing.key[0] is Kind.POLICY]
        written = await as_written(self._server, (thing.looks[0] for thing in policies))
        refused = dict(wanted.refused)
        for thing in policies:
            if thing.looks[0] not in written:
                refused[thing.user] = f"ClickHouse cannot read the row filter {thing.looks[0]!r}."
        things = {
            key: _written(thing, written) for key, thing in wanted.things.items() if thing.user not in refused
        }
        passwords = {user: word for user, word in wanted.passwords.items() if user not in refused}
        return Wanted(things, passwords, refused)

    async def _take_away(self, seen: Seen, wanted: Wanted, report: Report) -> None:
        """Before anything else: grants that nobody should have, users that should not be, and what they still run."""
        for key, rows in seen.items():
            thing = wanted.things.get(key)
            if key[0] is not Kind.GRANTS or (thing and rows <= thing.looks):
                continue
            if rows:
                await self._run(drop(key))
            for row in rows:
                if row[0] == "ROLE":
                    await self._run(f"REVOKE {quoted(row[1])} FROM {quoted(key[1])}")
            if thing:
                _tell("granted more than the plan gives", thing.key, report.mended)
                seen[key] = frozenset()
        gone = [key for key in seen if key[0] is Kind.USER and key not in wanted.things]
        for key in gone:
            await self._run(drop(key))
            report.removed.append(_name(key))
        if gone:
            users = ", ".join(literal(key[1]) for key in gone)
            await self._run(f"KILL QUERY WHERE user IN ({users}) SYNC")

    async def _prepare(self, seen: Seen, wanted: Wanted, report: Report) -> None:
        """Everything but grants, in its order: restrictive policies before permissive ones."""
        for key, thing in sorted(wanted.things.items(), key=_order):
            if key[0] is Kind.GRANTS or seen.get(key) == thing.looks:
                continue
            try:
                await self._server.execute(thing.mend if key in seen else thing.make)
            except StatementRefused as error:
                report.refused[thing.user] = error.message
                continue
            if key in seen:
                _tell("not as the plan says", key, report.mended)
            elif (Kind.USER, thing.user, "", "") in seen:
                _tell("missing", key, report.mended)
            else:
                report.made.append(_name(key))
        await self._check_passwords(seen, wanted, report)

    async def _check_passwords(self, seen: Seen, wanted: Wanted, report: Report) -> None:
        """A password cannot be read back: does it open?"""
        gate = asyncio.Semaphore(_LOGINS_AT_ONCE)

        async def check(user: str, password: str) -> None:
            async with gate:
                fits = await self._server.lets_in(user, password)
            if not fits:
                key = (Kind.USER, user, "", "")
                await self._run(wanted.things[key].mend)
                _tell("did not open with its password", key, report.mended)

        known = [user for user in wanted.passwords if (Kind.USER, user, "", "") in seen]
        await asyncio.gather(*(check(user, wanted.passwords[user]) for user in known))

    async def _clear(self, seen: Seen, wanted: Wanted, report: Report) -> None:
        """Remove what belongs to nobody any more: permissive policies before restrictive ones."""
        left = [key for key in seen if key not in wanted.things and key[0] not in {Kind.USER, Kind.GRANTS}]
        for key in sorted(left, reverse=True):
            await self._run(drop(key))
            report.removed.append(_name(key))

    async def _grant(self, seen: Seen, wanted: Wanted, report: Report) -> None:
        """Grant to whom has every policy that was asked for; take from whom has not."""
        for thing in wanted.things.values():
            if thing.key[0] in _VITAL and seen.get(thing.key) != thing.looks:
                report.refused.setdefault(thing.user, f"{_name(thing.key)} is not as the plan says.")
        for key, thing in wanted.things.items():
            if key[0] is not Kind.GRANTS:
                continue
            if thing.user in report.refused:
                if seen.get(key):
                    await self._run(drop(key))
            elif seen.get(key) != thing.looks:
                try:
                    await self._server.execute(thing.make)
                except StatementRefused as error:
                    report.refused[thing.user] = error.message
                else:
                    report.made.append(_name(key))
        for user, reason in report.refused.items():
            log.error("a class gets no rows", extra={"clickhouse_user": user, "reason": reason})

    async def _run(self, statement: str) -> None:
        """A statement that the safety of the others does not hang on; refused, it is tried again with the next look."""
        try:
            await self._server.execute(statement)
        except StatementRefused as error:
            log.error(
                "a statement was refused", extra={"statement": statement[:200], "reason": error.message}
            )


def _written(thing: Thing, written: dict[str, str]) -> Thing:
    if thing.key[0] is not Kind.POLICY:
        return thing
    row_filter, *rest = thing.looks
    return replace(thing, looks=(written[row_filter], *rest))


def _order(item: tuple[Key, Thing]) -> Key:
    return item[0]


def _name(key: Key) -> str:
    kind, name, database, table = key
    place = f" on {database}.{table or '*'}" if database else ""
    return f"{kind.name.lower()} {name}{place}"


def _tell(what: str, key: Key, mended: list[str]) -> None:
    """Somebody changed this by hand, or an earlier Notehouse made it otherwise."""
    mended.append(_name(key))
    log.warning("drift: %s", what, extra={"object": _name(key)})
