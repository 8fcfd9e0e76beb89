"""Where in a cell is the cursor, and what of SQL is around it?"""

from __future__ import annotations

import re
from dataclasses import dataclass

_CELL = re.compile(r"\s*%%(sql|chart|expect)\b([^\n]*)\n?")
_LINE = re.compile(r"(?:^|=\s*)\s*%sql\b")
_FRAGMENT = re.compile(r"[\w.`{]*$")
_WORD_AROUND = re.compile(r"[\w.]+")
_NAMED = re.compile(
    r"\b(?:FROM|JOIN)\s+([A-Za-z_][\w.`]*)(?:\s+(?:FINAL\s+)?(?:AS\s+)?(?!(?:FINAL|ON|USING|WHERE|PREWHERE|GROUP|ORDER|LIMIT|"
    r"JOIN|LEFT|RIGHT|INNER|FULL|CROSS|ANY|ASOF|ARRAY|SETTINGS|FORMAT|UNION|SAMPLE|GLOBAL|HAVING)\b)([A-Za-z_]\w*))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Place:
    """A cursor in SQL: the statement, what stands before the cursor, and the part of a word that is being written."""

    sql: str
    before: str
    magic: str = "sql"

    @property
    def fragment(self) -> str:
        """What is written of a name, dots and quotes included."""
        found = _FRAGMENT.search(self.before)
        return found.group() if found else ""

    @property
    def ahead(self) -> str:
        """What stands before the name that is being written."""
        return self.before[: len(self.before) - len(self.fragment)]

    def follows(self, pattern: str) -> bool:
        """Say whether the name being written comes right after this."""
        return re.search(rf"(?:{pattern})\s*$", self.ahead, re.IGNORECASE) is not None

    def named(self) -> dict[str, str]:
        """Tables of the statement by what they may be called in it: their alias, and their own name."""
        found: dict[str, str] = {}
        for table, alias in _NAMED.findall(self.sql):
            for name in (alias, table, table.rpartition(".")[2]):
                if name:
                    found.setdefault(name, table)
        return found

    def word(self) -> str:
        """The name that the cursor is in or behind."""
        at = len(self.before)
        for found in _WORD_AROUND.finditer(self.sql):
            if found.start() <= at <= found.end():
                return found.group()
        opened = re.search(r"(\w+)\(\s*[^()]*$", self.before)
        return opened[1] if opened else ""


def place_of(code: str, at: int) -> Place | None:
    """The place in SQL of a position in a cell; nothing where that is no SQL."""
    if found := _CELL.match(code):
        if at < found.end() or (at == found.end() and not found.group().endswith("\n")):
            return None
        sql = code[found.end() :]
        return Place(f"FROM {found[2].split()[0]} \n{sql}" if found[1] == "expect" and found[2].split() else sql,
                     code[found.end() : at], found[1])  # fmt: skip
    begin = code.rfind("\n", 0, at) + 1
    line = code[begin:].partition("\n")[0]
    if inline := _LINE.search(line):
        if at - begin < inline.end():
            return None
        return Place(line[inline.end() :], line[inline.end() : at - begin])
    return None
