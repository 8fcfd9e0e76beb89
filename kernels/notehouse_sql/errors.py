"""A failed query is one message a person can read, with the place marked under the SQL; never a traceback."""

from __future__ import annotations

import re

_CODE = re.compile(r"Code: (\d+)\. DB::Exception: ")
_PLACE = re.compile(r"failed at position (\d+)")
_TAIL = re.compile(r"\s*\(version [^)]*\)?.*$|\s*\(official build\).*$", re.DOTALL)
_NAME = re.compile(r"\s*\(([A-Z][A-Z0-9_]+)\)\s*$")
_NOISE = re.compile(r":? While (processing|executing) .*$|:? [Ii]n scope .*?(?=\. Maybe|\.?$)", re.DOTALL)
_WORDS = re.compile(
    r"Syntax error(?: \([^)]*\))?: failed at position \d+ \((.*?)\)(?: \(line \d+, col \d+\))?"
)


class SqlError(Exception):
    """What a cell shows instead of a traceback."""

    def _render_traceback_(self) -> list[str]:
        """What IPython prints for this error, and what a run keeps of it."""
        return [str(self)]


def explain(answer: str, sql: str) -> SqlError:
    """The error that ClickHouse's own words describe, told to whoever wrote `sql`."""
    text = _NAME.sub("", _TAIL.sub("", answer.strip()))
    code = _CODE.search(text)
    message = _CODE.sub("", text, count=1)
    place = _PLACE.search(message)
    if place:
        return SqlError(_marked(message, sql, int(place.group(1))))
    message = _NOISE.sub("", message).strip() or "The query failed."
    return SqlError(f"SQL error: {message}" if code else message)


def _marked(message: str, sql: str, position: int) -> str:
    """The line in question with a mark under the place; positions count bytes from one."""
    before = sql.encode()[: max(position - 1, 0)].decode(errors="ignore")
    line = before.count("\n")
    column = len(before) - (before.rfind("\n") + 1)
    shown = sql.splitlines()[line] if line < len(sql.splitlines()) else ""
    found = _WORDS.search(message)
    what = f"near {found.group(1)!r}" if found and found.group(1) != "end of query" else "at its end"
    return f"SQL syntax error {what}, line {line + 1}, column {column + 1}:\n{shown}\n{' ' * column}^"
