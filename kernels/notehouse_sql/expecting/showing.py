"""The outcome of a `%%expect` cell for people, and for the gate of reports by a type of its own."""

from __future__ import annotations

from html import escape
from typing import Any

from notehouse_sql.expecting.checking import Outcome

MIME = "application/vnd.notehouse.expectations+json"
_LONGEST = 60  # characters of a cell
_CELL = 'style="text-align:left;padding:.15em .8em .15em 0;white-space:nowrap"'


def bundle(title: str, outcomes: list[Outcome]) -> dict[str, Any]:
    """The outcome as a page shows it, as a terminal shows it, and as a program reads it."""
    rules = [
        {"rule": one.rule, "held": one.held, "found": one.found, "rows": [_plain(row) for row in one.rows]}
        for one in outcomes
    ]
    return {
        MIME: {"of": title, "held": all(one.held for one in outcomes), "rules": rules},
        "text/html": "".join(_html(one) for one in outcomes),
        "text/plain": "\n".join(_line(one) for one in outcomes),
    }


def _line(one: Outcome) -> str:
    return f"{'holds' if one.held else 'FAILS'}  {one.rule}{f': {one.found}' if one.found else ''}"


def _html(one: Outcome) -> str:
    colour, word = ("#2f9e77", "holds") if one.held else ("#d4503b", "fails")
    badge = f'<b style="color:{colour};display:inline-block;min-width:3.5em">{word}</b>'
    rule = f"<code>{escape(one.rule)}</code>"
    found = f' <span style="opacity:.8">{escape(one.found)}</span>' if one.found else ""
    return f'<div style="margin:.25em 0">{badge}{rule}{found}{_table(one.rows)}</div>'


def _table(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th {_CELL}>{escape(name)}</th>" for name in rows[0])
    body = "".join(
        f"<tr>{''.join(f'<td {_CELL}>{escape(_short(value))}</td>' for value in row.values())}</tr>"
        for row in rows
    )
    return (
        '<div style="overflow-x:auto;margin:.2em 0 .6em 3.5em"><table style="border-collapse:collapse;font-size:.9em">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _short(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row that JSON can hold."""
    return {
        name: value if isinstance(value, (int, float, bool)) or value is None else _short(value)
        for name, value in row.items()
    }
