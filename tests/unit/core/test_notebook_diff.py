"""What is different between two versions: cells, and the numbers that tiles show."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest

from notehouse_core.notebook_diff import code_changes, number_changes
from notehouse_core.tile_numbers import numbers_of

TABLE = (
    "<table><thead><tr><th></th><th>dest</th><th>flights</th></tr></thead>"
    "<tbody><tr><th>0</th><td>{}</td><td>{:,}</td></tr></tbody></table>"
)


def _output(kind: str, content: Any) -> Any:
    return nbformat.v4.new_output("display_data", {kind: content})


def _cell(name: str, source: str, *outputs: Any, **tile: Any) -> Any:
    metadata = {"notehouse": {"tile": tile}} if tile else {}
    return nbformat.v4.new_code_cell(source, id=name, outputs=list(outputs), metadata=metadata)


def _notebook(*cells: Any) -> Any:
    return nbformat.v4.new_notebook(cells=list(cells))


def test_cells_are_added_removed_changed_and_moved() -> None:
    before = _notebook(
        _cell("a", "x = 1\ny = 2"), _cell("b", "gone"), _cell("c", "same"), _cell("d", "m", w=3)
    )
    after = _notebook(_cell("a", "x = 1\ny = 3"), _cell("c", "same"), _cell("d", "m", w=4), _cell("e", "new"))
    found = {one.cell: (one.change, one.lines) for one in code_changes(before, after)}
    assert found == {
        "a": ("changed", (" x = 1", "-y = 2", "+y = 3")),
        "b": ("removed", ("-gone",)),
        "d": ("moved", ()),
        "e": ("added", ("+new",)),
    }


@pytest.mark.parametrize(
    ("kind", "content", "numbers"),
    [
        ("text/html", "<div>58,665</div><p>flights</p> <b>+3.5 min</b> late", {"flights": 58665, "min late": 3.5}),
        ("text/html", TABLE.format("ORD", 12000), {"ORD: flights": 12000}),
        ("image/svg+xml", '<path aria-label="month: 3; minutes: 4.5; origin: JFK"/>', {"JFK, month 3: minutes": 4.5}),
        (
            "application/vnd.vegalite.v5+json",
            {"datasets": {"x": [{"dest": "ORD", "n": 3, "ok": True}]}},
            {"ORD: n": 3},
        ),
        ("text/plain", "nothing here", {}),
    ],
)  # fmt: skip
def test_numbers_are_found_in_what_a_tile_shows(kind: str, content: Any, numbers: dict[str, float]) -> None:
    assert numbers_of([_output(kind, content)]) == numbers


def test_what_changed_most_comes_first_and_what_is_new_last() -> None:
    before = _notebook(
        _cell("t", "x", _output("text/html", "<p>100 flights</p><p>10 late</p>"), title="Facts")
    )
    after = _notebook(
        _cell("t", "x", _output("text/html", "<p>101 flights</p><p>20 late</p><p>7 lost</p>"), title="Facts")
    )
    (tile,) = number_changes(before, after)
    assert (tile.title, tile.changed, tile.numbers_before, tile.numbers_after) == ("Facts", 3, 2, 3)
    told = [(one.label, one.difference, one.percent) for one in tile.numbers]
    assert told == [("late", 10, 100), ("flights", 1, 1), ("lost", None, None)]
    assert number_changes(before, before) == []
