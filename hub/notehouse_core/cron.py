"""When does a schedule run? Cron on the wall clock of an IANA zone.

The expression is matched against the wall clock alone, so one rule decides both changes of the clock: a time
that does not exist runs at the next instant that does, and one that comes twice runs the first time only.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from cronsim import CronSim, CronSimError

from notehouse_core import errors

ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
FIELDS = "minute, hour, day of month, month, day of week"
LONGEST_EXPRESSION = 200

_LARGEST_FOLD = timedelta(hours=3)  # no zone's clock goes back by more
_FIELD_OF = {"minute": "minute", "hour": "hour", "day-of-month": "day of month", "month": "month"}


@dataclass(frozen=True, order=True)
class Occurrence:
    """One time that a schedule is due: the instant (UTC), and what the wall clock shows then (no zone)."""

    at: datetime
    local: datetime


class Timetable:
    """A cron expression in a zone; `parse` makes one."""

    def __init__(self, expression: str, zone: ZoneInfo) -> None:
        self.expression = expression
        self.zone = zone

    @classmethod
    def parse(cls, expression: str, timezone: str) -> Timetable:
        """Read an expression and the name of a zone; raises Invalid that says what to write instead."""
        timetable = cls(_expression(expression), _zone(timezone))
        if timetable.next_after(datetime(2000, 1, 1, tzinfo=UTC)) is None:
            raise _bad_cron(expression, "this date never comes")
        return timetable

    def after(self, moment: datetime) -> Iterator[Occurrence]:
        """Yield what is due later than `moment`, soonest first, each wall-clock time once."""
        last = moment
        for wall in CronSim(self.expression, self._wall(moment)):
            occurrence = self._resolve(wall)
            if occurrence.at > last:
                last = occurrence.at
                yield occurrence

    def next_after(self, moment: datetime) -> Occurrence | None:
        """Return what is due next; None if there is nothing in the next 50 years."""
        return next(self.after(moment), None)

    def between(self, first: datetime, last: datetime, at_most: int) -> list[Occurrence]:
        """Return what was due from `first` to `last`, both included: the newest `at_most`, oldest first."""
        found = list(islice(self._back_from(last, first), at_most))
        return found[::-1]

    def _back_from(self, moment: datetime, until: datetime) -> Iterator[Occurrence]:
        start = self._wall(moment).replace(microsecond=0) + _LARGEST_FOLD
        before = moment + timedelta(microseconds=1)
        for wall in CronSim(self.expression, start, reverse=True):
            occurrence = self._resolve(wall)
            if occurrence.at < until:
                return
            if occurrence.at < before:
                before = occurrence.at
                yield occurrence

    def _wall(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone).replace(tzinfo=None)

    def _resolve(self, wall: datetime) -> Occurrence:
        """Find the instant at which the clock first shows this time, or first shows a later one."""
        at = wall.replace(tzinfo=self.zone).astimezone(UTC)
        if self._wall(at) == wall:
            return Occurrence(at, wall)
        change = self._change(wall.replace(tzinfo=self.zone, fold=1).astimezone(UTC), at)
        return Occurrence(change, self._wall(change))

    def _change(self, before: datetime, after: datetime) -> datetime:
        """Find the instant between two at which the clock goes forward, to the second."""
        offset = before.astimezone(self.zone).utcoffset()
        while after - before > timedelta(seconds=1):
            middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
            if middle.astimezone(self.zone).utcoffset() == offset:
                before = middle
            else:
                after = middle
        return after


def _expression(text: str) -> str:
    expression = ALIASES.get(text.strip().lower(), text.strip())
    count = len(expression.split())
    if len(expression) > LONGEST_EXPRESSION or not expression.isascii():
        raise _bad_cron(text[:60], "it is too long or has characters that cron does not know")
    if count != 5:
        raise _bad_cron(text, f"it has {count} field{'' if count == 1 else 's'}, not 5")
    try:
        CronSim(expression, datetime(2000, 1, 1))
    except CronSimError as error:
        raise _bad_cron(text, _reason(str(error))) from error
    return expression


def _reason(said: str) -> str:
    found = re.fullmatch(r"Bad ([a-z-]+)", said)
    if not found:
        return said
    name = _FIELD_OF.get(found.group(1), found.group(1).replace("-", " "))
    return f"the {name} is not one that cron knows"


def _bad_cron(text: str, why: str) -> errors.Invalid:
    message = (
        f"“{text}” is not a cron expression: {why}. Write five fields ({FIELDS}), "
        "for example “0 7 * * 1” for Mondays at 07:00."
    )
    return errors.Invalid(message, fields=[{"field": "cron", "message": why}])


def _zone(name: str) -> ZoneInfo:
    try:
        if "/" in name or name == "UTC":
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    hint = _similar_zone(name)
    message = f"“{name[:60]}” is not a time zone. Write a name such as {hint or 'Europe/Berlin'} or UTC."
    raise errors.Invalid(message, fields=[{"field": "timezone", "message": "not an IANA zone"}])


def _similar_zone(name: str) -> str | None:
    """Guess which zone someone meant who wrote a city, or misspelt a zone."""
    by_lower = {zone.lower(): zone for zone in sorted(available_timezones()) if "/" in zone}
    wanted = name.strip().lower().replace(" ", "_")
    for lower, zone in by_lower.items():
        if wanted and lower.rsplit("/", 1)[1] == wanted:
            return zone
    close = difflib.get_close_matches(wanted, by_lower, 1, 0.75)
    return by_lower[close[0]] if close else None
