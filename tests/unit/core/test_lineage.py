"""Where a tile's numbers come from: its own SQL, or that of the results it names."""

from __future__ import annotations

from typing import Any

import nbformat

from notehouse_core.lineage import origins_of

CELLS = {
    "p": "origin = 'all'",
    "s": "%%sql summary <<\nSELECT count() AS n FROM flights AS f JOIN airports USING (faa) WHERE {{origin}} = 'all'",
    "m": "%%sql live months <<\nSELECT month, {day:UInt8} FROM flights.flights",
    "h": "%%sql --as handle\nSELECT 1 FROM planes",
    "w": "labels = dict(summary.n)",
    "chart": "plain(alt.Chart(months))",
    "kpi": "kpi(labels)",
    "table": "%%sql metadata_demo\nSELECT name FROM airlines LIMIT 3",
    "on": "handle.chart()",
    "text": "'no data'",
}


def _of(tile: str) -> list[tuple[str, str, tuple[str, ...], dict[str, Any]]]:
    cells = [nbformat.v4.new_code_cell(source, id=name) for name, source in CELLS.items()]
    notebook = nbformat.v4.new_notebook(cells=cells)
    found = origins_of(notebook, tile, {"origin": "JFK", "day": 3, "unused": 1})
    return [(one.name, one.source, one.tables, one.values) for one in found]


def test_the_statements_behind_a_tile_are_found() -> None:
    summary = ("summary", "warehouse", ("flights", "airports"), {"origin": "JFK"})
    assert _of("kpi") == [summary]
    assert _of("chart") == [("months", "live", ("flights.flights",), {"day": 3})]
    assert _of("table") == [("", "metadata_demo", ("airlines",), {})]
    assert _of("on") == [("", "warehouse", ("planes",), {})]
    assert _of("text") == []
    assert _of("nowhere") == []
