"""Where does what a tile shows come from? The SQL behind it, its own or that of the results it names. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from notehouse_core.notebook_cells import id_of, source_of

_CELL = re.compile(r"^\s*%%(?:sql|chart)\b([^\n]*)\n(.+)$", re.DOTALL)
_NAMED = re.compile(r"^\s*(?:(?P<source>[A-Za-z_][\w-]*)\s+)?(?P<name>[A-Za-z_]\w*)\s*<<")
_HANDLE = re.compile(r"--(?:as|with)\s+([A-Za-z_]\w*)")
_OPTION = re.compile(r"--?(?:as|with|save|limit|file|w|S)[= ]\S+|--?[\w-]+")
_TABLE = re.compile(r"\b(?:FROM|JOIN)\s+([A-Za-z_`\"][\w.`\"]*)", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z_]\w*")
_PLACE = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}|\{\s*([A-Za-z_]\w*)\s*:")
_MOST = 20


@dataclass(frozen=True)
class Origin:
    """A statement that a tile stands on: the result's name ("" for the tile's own), its source, tables and values."""

    name: str
    source: str
    sql: str
    tables: tuple[str, ...]
    values: dict[str, Any]


def origins_of(notebook: Mapping[str, Any], tile: str, parameters: Mapping[str, Any]) -> list[Origin]:
    """The statements behind the cell `tile` of a notebook (nbformat JSON), nearest first; none for one without data."""
    cells = {
        id_of(cell, place): source_of(cell)
        for place, cell in enumerate(notebook["cells"], start=1)
        if cell["cell_type"] == "code"
    }
    if tile not in cells:
        return []
    before = list(cells.items())[: list(cells).index(tile)]
    return list(_followed(cells[tile], before, parameters, set()))[:_MOST]


def _followed(
    source: str, before: list[tuple[str, str]], parameters: Mapping[str, Any], seen: set[str]
) -> list[Origin]:
    """The statement of a cell, then those of the cells above that it names, then theirs."""
    found = [own] if (own := _origin(source, parameters)) else []
    words = set(_WORD.findall(source))
    for place in range(len(before) - 1, -1, -1):
        name, text = before[place]
        made = _made_by(text)
        if name not in seen and made & words:
            seen.add(name)
            found += _followed(text, before[:place], parameters, seen)
    return found


def _made_by(source: str) -> set[str]:
    """The names that a cell gives to something."""
    if cell := _CELL.match(source):
        named = _NAMED.match(cell[1]) or _NAMED.match(cell[2])
        return {*_HANDLE.findall(cell[1]), *([named["name"]] if named else [])}
    return set(re.findall(r"^([A-Za-z_]\w*)\s*(?::[^=\n]+)?=(?!=)", source, re.MULTILINE))


def _origin(source: str, parameters: Mapping[str, Any]) -> Origin | None:
    cell = _CELL.match(source)
    if cell is None:
        return None
    line, sql = _OPTION.sub("", cell[1]).strip(), cell[2].strip()
    named = _NAMED.match(line)
    words = (line[named.end() :] if named else line).split()
    if named is None and (named := _NAMED.match(sql)):
        sql = sql[named.end() :].strip()
    given = (named["source"] if named else "") or (words[0] if words and not named else "") or "warehouse"
    names = [one or other for one, other in _PLACE.findall(sql)]
    values = {name: parameters[name] for name in names if name in parameters}
    tables = tuple(dict.fromkeys(re.sub(r'[`"]', "", one) for one in _TABLE.findall(sql)))
    return Origin(named["name"] if named else "", given, sql, tables, values)
