"""What is different between two versions of a notebook: the code, and the numbers that both show. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from notehouse_core.notebook_cells import headings_in, id_of, source_of, tags_of
from notehouse_core.tile_numbers import numbers_of

MOST_LINES = 400
MOST_NUMBERS = 200
_CLOSE = 1e-9  # relative difference that is none


@dataclass(frozen=True)
class CellChange:
    """A cell that was added, removed, changed or moved; `lines` begin with + - or a space."""

    cell: str
    title: str
    kind: str
    change: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class NumberChange:
    """A number of both versions, or of one alone (the other is None); `percent` where it has a meaning."""

    label: str
    before: float | None
    after: float | None

    @property
    def difference(self) -> float | None:
        """By how much it grew."""
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def percent(self) -> float | None:
        """By how much it grew, in percent of what it was."""
        return (
            None if not self.before or self.difference is None else 100 * self.difference / abs(self.before)
        )


@dataclass(frozen=True)
class TileChange:
    """A tile whose numbers differ: how many there are in each version, and those that changed most."""

    cell: str
    title: str
    numbers_before: int
    numbers_after: int
    changed: int
    numbers: tuple[NumberChange, ...]


def code_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[CellChange]:
    """The cells (of nbformat JSON) that are not the same, in the order of the later version, removed ones last."""
    old, new = _cells(before), _cells(after)
    found = [
        change
        for name, cell in new.items()
        if (change := _cell_change(name, old.get(name), cell)) is not None
    ]
    return found + [_of_one(name, cell, "removed") for name, cell in old.items() if name not in new]


def number_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[TileChange]:
    """The tiles of two executed notebooks whose numbers are not the same."""
    old, new = _cells(before), _cells(after)
    titles = {**_titles(before), **_titles(after)}
    found = []
    for name in [*new, *(name for name in old if name not in new)]:
        was = numbers_of(old.get(name, {}).get("outputs") or ())
        now = numbers_of(new.get(name, {}).get("outputs") or ())
        if changes := _numbers(was, now):
            kept = tuple(changes[:MOST_NUMBERS])
            found.append(TileChange(name, titles.get(name, ""), len(was), len(now), len(changes), kept))
    return found


def _numbers(was: Mapping[str, float], now: Mapping[str, float]) -> list[NumberChange]:
    """Those that differ, the largest relative differences first, then what is in one version alone."""
    both = [
        NumberChange(label, was[label], value)
        for label, value in now.items()
        if label in was and abs(value - was[label]) > _CLOSE * max(abs(value), abs(was[label]))
    ]
    both.sort(key=lambda one: -abs(one.percent if one.percent is not None else float("inf")))
    alone = [NumberChange(label, None, value) for label, value in now.items() if label not in was]
    gone = [NumberChange(label, value, None) for label, value in was.items() if label not in now]
    return both + alone + gone


def _cells(notebook: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Cells by their id; those that a run has put in are nobody's."""
    return {
        id_of(cell, place): cell
        for place, cell in enumerate(notebook["cells"], start=1)
        if "injected-parameters" not in tags_of(cell)
    }


def _titles(notebook: Mapping[str, Any]) -> dict[str, str]:
    """What each cell is called: its tile's title, else the heading above it."""
    heading, found = "", {}
    for name, cell in _cells(notebook).items():
        if cell["cell_type"] == "markdown" and (headings := headings_in(source_of(cell))):
            heading = headings[-1]
        settings = cell.get("metadata", {}).get("notehouse")
        tile = settings.get("tile") if isinstance(settings, Mapping) else None
        found[name] = (
            str((tile or {}).get("title") or heading) if isinstance(tile, Mapping | None) else heading
        )
    return found


def _cell_change(name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> CellChange | None:
    if old is None:
        return _of_one(name, new, "added")
    same_place = old.get("metadata") == new.get("metadata")
    if source_of(old) == source_of(new) and old["cell_type"] == new["cell_type"]:
        return None if same_place else CellChange(name, _first_line(new), new["cell_type"], "moved", ())
    lines = difflib.unified_diff(source_of(old).splitlines(), source_of(new).splitlines(), lineterm="", n=3)
    told = tuple(line for line in lines if not line.startswith(("---", "+++", "@@")))
    return CellChange(name, _first_line(new), new["cell_type"], "changed", told[:MOST_LINES])


def _of_one(name: str, cell: Mapping[str, Any], change: str) -> CellChange:
    sign = "+" if change == "added" else "-"
    lines = tuple(f"{sign}{line}" for line in source_of(cell).splitlines()[:MOST_LINES])
    return CellChange(name, _first_line(cell), cell["cell_type"], change, lines)


def _first_line(cell: Mapping[str, Any]) -> str:
    lines: Sequence[str] = source_of(cell).strip().splitlines() or [""]
    return lines[0][:100]
