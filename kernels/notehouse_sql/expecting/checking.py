"""Checks rules: those about a table in one reading of it, a SELECT by itself; and says which did not hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from notehouse_sql.errors import SqlError
from notehouse_sql.expecting.rules import SHOWN, Rule
from notehouse_sql.relation import Relation
from notehouse_sql.session import Session


class ExpectationFailed(SqlError):
    """Something that was expected does not hold; a run ends here."""


@dataclass(frozen=True)
class Outcome:
    """What came of one rule; `rows` offend it, at most SHOWN of them."""

    rule: str
    held: bool
    found: str = ""
    rows: list[dict[str, Any]] = field(default_factory=list)


def checked(session: Session, of: Relation, rules: list[Rule]) -> list[Outcome]:
    """The outcome of each rule, in their order. Raises SqlError for one that is no SQL."""
    measured = _measured(session, of, [rule for rule in rules if not rule.own_statement])
    return [_outcome(session, of, rule, measured.get(rule.text)) for rule in rules]


def _measured(session: Session, of: Relation, rules: list[Rule]) -> dict[str, Any]:
    if not rules:
        return {}
    parts = ", ".join(f"{rule.measure} AS nh_{place}" for place, rule in enumerate(rules))
    row = session.ask(f"SELECT {parts} FROM {of.sql}", of.source).table.to_pylist()[0]
    return {rule.text: row[f"nh_{place}"] for place, rule in enumerate(rules)}


def _outcome(session: Session, of: Relation, rule: Rule, measure: Any) -> Outcome:
    if rule.own_statement:
        rows = _offending(session, of, rule)
        many = f"{SHOWN} rows or more came back" if len(rows) > SHOWN else rule.found(len(rows))
        return Outcome(rule.text, not rows, many if rows else "", rows[:SHOWN])
    if rule.holds(measure):
        return Outcome(rule.text, True)
    return Outcome(rule.text, False, rule.found(measure), _offending(session, of, rule)[:SHOWN])


def _offending(session: Session, of: Relation, rule: Rule) -> list[dict[str, Any]]:
    if not rule.offending:
        return []
    rows: list[dict[str, Any]] = session.ask(
        f"SELECT * FROM ({rule.offending}\n) LIMIT {SHOWN + 1}", of.source
    ).table.to_pylist()
    return rows


def failure(of: Relation, outcomes: list[Outcome]) -> ExpectationFailed | None:
    """The error that ends a run, if something did not hold."""
    failed = [one for one in outcomes if not one.held]
    if not failed:
        return None
    title = f" of {of.title}" if of.title else ""
    lines = [f"  {one.rule.splitlines()[0][:120]}: {one.found}" for one in failed]
    head = f"{len(failed)} of {len(outcomes)} expectations{title} {'does' if len(failed) == 1 else 'do'} not hold:"
    return ExpectationFailed("\n".join([head, *lines]))
