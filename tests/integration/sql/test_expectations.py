"""Expectations say which rule fails, and show the rows."""

from __future__ import annotations

from typing import Any

import pytest

from notehouse_sql.errors import SqlError
from notehouse_sql.expecting.checking import Outcome, checked, failure
from notehouse_sql.expecting.rules import rules_of
from notehouse_sql.expecting.showing import MIME, bundle
from notehouse_sql.relation import Relation, relation
from notehouse_sql.session import Session

HELD = """
rows > 0
rows = 200_000
no nulls in carrier, at
unique n
delay between -30 and 100
carrier in ('UA', 'DL', 'AA', 'B6', 'WN', 'AS', 'F9', 'HA', 'NK', 'G4')
miles < {{farthest}}
-- a remark
SELECT carrier, count() AS trips FROM flights.trips
GROUP BY carrier HAVING trips < 10

month between 1 and 12
"""
FAILS = {
    "rows < 10": ("there are 200,000 rows", 0),
    "no nulls in delay": ("4,000 rows without a value", 10),
    "unique carrier": ("199,990 rows too many", 10),
    "unique month, carrier": ("199,880 rows too many", 10),
    "delay <= 69": ("not so for 16 rows", 10),
    "freshness(at) < 1 day": ("the newest is", 0),
    "SELECT n FROM flights.trips WHERE n < 3": ("3 rows came back", 3),
    "SELECT n FROM flights.trips ORDER BY n": ("10 rows or more came back", 10),
}


def outcomes(session: Session, cell: str, of: str = "flights.trips") -> list[Outcome]:
    one = relation(of) if of else Relation("warehouse", "", "")
    return checked(session, one, rules_of(cell, one.sql))


def test_what_holds_says_nothing(session: Session, variables: dict[str, Any]) -> None:
    variables["farthest"] = 5000
    found = outcomes(session, HELD)
    assert [one.rule for one in found if not one.held] == []
    assert len(found) == 9
    assert found[7].rule.endswith("HAVING trips < 10")
    assert failure(relation("flights.trips"), found) is None


@pytest.mark.parametrize("rule", FAILS)
def test_what_fails_says_why_and_shows_rows(session: Session, rule: str) -> None:
    found = outcomes(session, f"rows > 0\n{rule}")
    why, rows = FAILS[rule]
    assert (found[0].held, found[1].held) == (True, False)
    assert why in found[1].found
    assert len(found[1].rows) == rows
    error = failure(relation("flights.trips"), found)
    assert "1 of 2 expectations of flights.trips does not hold" in str(error)
    assert f"{rule}: {why}" in str(error)


def test_an_empty_table_is_not_fresh(session: Session) -> None:
    found = outcomes(session, "freshness(a) < 1 day\nrows > 0", "SELECT now() AS a WHERE 0")
    assert [(one.held, one.found) for one in found] == [
        (False, "there are no rows"),
        (False, "there are 0 rows"),
    ]
    fresh = outcomes(session, "freshness(a) < 2 hours", "SELECT now() - 60 AS a")
    assert fresh[0].held


def test_the_outcome_is_for_people_and_for_programs(session: Session) -> None:
    shown = bundle("flights.trips", outcomes(session, "rows > 0\nno nulls in delay\ncarrier != '<b>'"))
    assert shown[MIME]["held"] is False
    assert [one["held"] for one in shown[MIME]["rules"]] == [True, False, True]
    assert len(shown[MIME]["rules"][1]["rows"]) == 10
    assert "&lt;b&gt;" in shown["text/html"]
    assert "FAILS  no nulls in delay: 4,000 rows" in shown["text/plain"]


def test_what_cannot_be_checked_is_told(session: Session) -> None:
    with pytest.raises(SqlError, match="about a table"):
        outcomes(session, "rows > 0", "")
    with pytest.raises(SqlError, match="nothing to expect"):
        outcomes(session, "\n-- nothing\n")
    with pytest.raises(SqlError, match="nothing_such"):
        outcomes(session, "nothing_such > 3")
    with pytest.raises(SqlError, match="an age is in"):
        outcomes(session, "freshness(at) < 1 moon")
