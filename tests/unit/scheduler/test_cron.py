"""When schedules run, above all where the clock changes."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notehouse_core import errors
from notehouse_core.cron import Timetable

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def walls(cron: str, zone: str, start: str, count: int) -> list[str]:
    found = Timetable.parse(cron, zone).after(utc(start))
    return [f"{next(found).local:%m-%d %H:%M}" for _ in range(count)]


def instants(cron: str, zone: str, start: str, count: int) -> list[str]:
    found = Timetable.parse(cron, zone).after(utc(start))
    return [f"{next(found).at:%m-%d %H:%M}" for _ in range(count)]


@pytest.mark.parametrize(
    ("cron", "zone", "start", "expected"),
    [
        # The clock goes forward: 02:30 does not exist, the next instant that does is 03:00.
        ("30 2 * * *", BERLIN, "2026-03-28T00:00", ["03-28 02:30", "03-29 03:00", "03-30 02:30"]),
        ("30 2 * * *", NEW_YORK, "2026-03-07T00:00", ["03-07 02:30", "03-08 03:00", "03-09 02:30"]),
        # The clock goes back: 01:30 (New York) and 02:30 (Berlin) come twice, and run once.
        ("30 2 * * *", BERLIN, "2026-10-24T00:00", ["10-24 02:30", "10-25 02:30", "10-26 02:30"]),
        ("30 1 * * *", NEW_YORK, "2026-10-31T00:00", ["10-31 01:30", "11-01 01:30", "11-02 01:30"]),
        # Several times in the gap are one run.
        ("*/20 2,3 * * *", BERLIN, "2026-03-29T00:00", ["03-29 03:00", "03-29 03:20", "03-29 03:40"]),
        ("0 7 * * 1", BERLIN, "2026-10-20T00:00", ["10-26 07:00", "11-02 07:00"]),
        ("0 0 29 2 *", "UTC", "2026-01-01T00:00", ["02-29 00:00"]),
        ("@daily", "Asia/Kathmandu", "2026-01-01T00:00", ["01-02 00:00"]),
        # Half an hour of change, at Lord Howe.
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00", ["10-04 02:30", "10-05 02:15"]),
        # A day that was left out.
        ("0 12 * * *", "Pacific/Apia", "2011-12-29T12:00", ["12-29 12:00", "12-31 00:00", "12-31 12:00"]),
    ],
)
def test_wall_clock(cron: str, zone: str, start: str, expected: list[str]) -> None:
    assert walls(cron, zone, start, len(expected)) == expected


def test_repeated_hour_runs_at_its_first_pass() -> None:
    assert instants("30 1 * * *", NEW_YORK, "2026-11-01T04:00", 2) == ["11-01 05:30", "11-02 06:30"]
    assert instants("30 2 * * *", BERLIN, "2026-10-24T22:00", 2) == ["10-25 00:30", "10-26 01:30"]


@pytest.mark.parametrize(
    "during", ["2026-11-01T05:30", "2026-11-01T05:45", "2026-11-01T06:15", "2026-11-01T06:45"]
)
def test_asked_within_the_repeated_hour(during: str) -> None:
    assert instants("30 1 * * *", NEW_YORK, during, 1) == ["11-02 06:30"]


def test_gap_is_not_asked_twice() -> None:
    assert instants("30 2 * * *", BERLIN, "2026-03-29T00:59", 1) == ["03-29 01:00"]
    assert instants("30 2 * * *", BERLIN, "2026-03-29T01:00", 1) == ["03-30 00:30"]


@given(
    cron=st.sampled_from(["*/15 * * * *", "30 1 * * *", "30 2 * * *", "0 */2 * * *", "5 0 1 * *"]),
    zone=st.sampled_from([BERLIN, NEW_YORK, "Australia/Lord_Howe", "UTC", "Africa/Casablanca"]),
    start=st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)),
)
def test_always_later_and_never_the_same_wall_time_twice(cron: str, zone: str, start: datetime) -> None:
    moment = start.replace(tzinfo=UTC)
    found = Timetable.parse(cron, zone).after(moment)
    some = [next(found) for _ in range(12)]
    assert moment < some[0].at
    assert all(earlier.at < later.at for earlier, later in pairwise(some))
    assert len({each.local for each in some}) == len(some)


@given(
    cron=st.sampled_from(["*/15 * * * *", "30 1 * * *", "30 2 * * *", "0 */2 * * *"]),
    zone=st.sampled_from([BERLIN, NEW_YORK, "Australia/Lord_Howe"]),
    start=st.datetimes(datetime(2026, 10, 20), datetime(2026, 11, 3)),
)
def test_looking_back_finds_what_looking_ahead_foretold(cron: str, zone: str, start: datetime) -> None:
    timetable = Timetable.parse(cron, zone)
    ahead = timetable.after(start.replace(tzinfo=UTC))
    foretold = [next(ahead) for _ in range(10)]
    assert timetable.between(foretold[0].at, foretold[-1].at, 100) == foretold
    assert timetable.between(foretold[0].at, foretold[-1].at, 3) == foretold[-3:]


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("61 * * * *", "the minute is not"),
        ("* 24 * * *", "the hour is not"),
        ("0 7 32 * *", "the day of month is not"),
        ("0 7 * * 9", "the day of week is not"),
        ("0 0 30 2 *", "the day of month is not"),
        ("0 7 * *", "has 4 fields"),
        ("0 0 7 * * *", "has 6 fields"),
        ("", "has 0 fields"),
        ("hello", "has 1 field,"),
        ("0 7 * * *; DROP", "has 6 fields"),
        ("0," * 200 + "0 7 * * *", "too long"),
    ],
)
def test_bad_cron_says_what_is_wrong(cron: str, said: str) -> None:
    with pytest.raises(errors.Invalid, match=said) as caught:
        Timetable.parse(cron, "UTC")
    assert caught.value.details["fields"][0]["field"] == "cron"


@pytest.mark.parametrize(
    ("zone", "hint"),
    [
        ("berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("Europe/Berln", "Europe/Berlin"),
        ("../../etc/passwd", "Europe/Berlin"),
        ("/etc/passwd", "Europe/Berlin"),
        ("", "Europe/Berlin"),
        ("CET-1", "Europe/Berlin"),
        ("Europe", "Europe/Berlin"),
    ],
)
def test_unknown_zone_gives_a_hint(zone: str, hint: str) -> None:
    with pytest.raises(errors.Invalid, match=hint) as caught:
        Timetable.parse("0 7 * * *", zone)
    assert caught.value.details["fields"][0]["field"] == "timezone"
