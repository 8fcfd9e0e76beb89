"""What did the database say about a statement, in parts that a person and a program can use?"""

import re
from dataclasses import dataclass

_CODE = re.compile(r"Code:\s*(\d+)\.\s*")
_EXCEPTION = re.compile(r"^(?:DB::)?(?:Exception|NetException):\s*")
_TRAILER = re.compile(r"\s*\((?:version|official build)[^()]*(?:\([^()]*\))?[^()]*\)\s*$")
_PLACE = re.compile(r"\(line (\d+), col(?:umn)? (\d+)\)")
_POSITION = re.compile(r"failed at position (\d+)")


@dataclass(frozen=True)
class DatabaseRefusal:
    """A statement that ClickHouse refused; line and column count from one."""

    code: int
    message: str
    line: int | None = None
    column: int | None = None


def parse_refusal(text: str, sql: str) -> DatabaseRefusal:
    """Read the text of an exception: its code, its sentence without trailers, its place in the statement."""
    found = _CODE.search(text)
    code = int(found.group(1)) if found else 0
    message = text[found.end() :] if found else text
    message = _TRAILER.sub("", _EXCEPTION.sub("", message.strip())).strip()
    line, column = _place(message, sql)
    return DatabaseRefusal(code, message or "The database refused the statement.", line, column)


def _place(message: str, sql: str) -> tuple[int | None, int | None]:
    if place := _PLACE.search(message):
        return int(place.group(1)), int(place.group(2))
    if position := _POSITION.search(message):
        before = sql.encode()[: int(position.group(1)) - 1].decode(errors="ignore")
        return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return None, None
