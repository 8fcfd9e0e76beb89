"""Cells in a real kernel, as every front end and papermill runs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from integration.query_gateway.conftest import House
from integration.sql.kernel import Kernel
from notehouse_gateway.kernelspecs import kernelspec_folder
from notehouse_sql.expecting.showing import MIME

VEGA = "application/vnd.vegalite.v6+json"


def test_a_chart_by_its_function_and_by_its_magics(kernel: Kernel) -> None:
    for code in (
        "chart('flights.trips', x='delay')",
        "%chart flights.trips x=delay",
        "%%chart x=delay kind=histogram\nSELECT delay FROM flights.trips",
    ):
        said = kernel.run(code)
        assert said.status == "ok", said.text
        assert said.data(VEGA)
        assert said.data("image/svg+xml")
    assert "no column" not in kernel.run("chart('flights.trips', x='nothing_such')").text
    wrong = kernel.run("chart('flights.trips', x='nothing_such')")
    assert wrong.status == "error"
    assert "nothing_such" in wrong.text
    assert "Traceback" not in wrong.text


def test_a_query_is_kept_and_fetched_when_it_is_wanted(house: House, kernel: Kernel) -> None:
    said = kernel.run(
        "%%sql --as few\nSELECT carrier, count() AS trips FROM flights.trips GROUP BY carrier ORDER BY carrier"
    )
    assert "Kept as few, and nothing was fetched" in said.text
    assert "trips" not in "".join(said.data("text/html"))
    checks = """
assert 'not fetched' in repr(few)
frame = few.df()
assert type(frame).__module__.startswith('pandas') and list(frame.columns) == ['carrier', 'trips'] and len(frame) == 10
assert few.polars()['trips'].sum() == 200_000
assert few.arrow().num_rows == 10
assert '10 rows fetched' in repr(few)
few.chart(x='carrier', y='trips', agg='sum').to_dict()
"""
    assert kernel.run(checks).status == "ok", kernel.run(checks).text
    assert "<table" in kernel.run("few").data("text/html")[0]
    composed = kernel.run("%%sql --with few --as many\nSELECT * FROM few WHERE trips > 20000")
    assert composed.status == "ok"
    assert kernel.run("many.chart(x='carrier')").data(VEGA)
    assert kernel.run("%%expect many\nrows < 10\ntrips > 20000").status == "ok"
    shown = kernel.run("%%sql --with many --polars\nSELECT count() AS n FROM many").text
    assert "shape: (1, 1)" in shown
    assert kernel.run("print(len(few.refresh().df()))").text.strip() == "10"


def test_what_does_not_hold_ends_a_run_with_the_rule(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executed = run_of_papermill(
        house, tmp_path, monkeypatch, "%%expect flights.trips\nrows > 0\nno nulls in delay", "print('never')"
    )
    with pytest.raises(papermill.PapermillExecutionError) as failed:
        executed()
    assert failed.value.ename == "ExpectationFailed"
    assert "no nulls in delay: 4,000 rows without a value" in failed.value.evalue
    written = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    shown: list[Any] = [
        out["data"][MIME]
        for cell in written.cells
        for out in cell.get("outputs", [])
        if MIME in out.get("data", {})
    ]
    assert [one["held"] for one in shown[0]["rules"]] == [True, False]


def run_of_papermill(
    house: House, folder: Path, monkeypatch: pytest.MonkeyPatch, *cells: str, token: str = ""
) -> Any:
    """A run of papermill, to be started."""
    (folder / "jupyter").mkdir()
    (folder / "jupyter" / "kernels").symlink_to(kernelspec_folder())
    (folder / "token").write_text(token or house.admin)
    for name, value in {
        "JUPYTER_PATH": str(folder / "jupyter"),
        "NOTEHOUSE_QUERY_URL": house.url,
        "NOTEHOUSE_TOKEN_FILE": str(folder / "token"),
    }.items():
        monkeypatch.setenv(name, value)
    content = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    content.metadata["kernelspec"] = {
        "name": "notehouse",
        "display_name": "SQL + Python",
        "language": "python",
    }
    nbformat.write(content, folder / "in.ipynb")
    return lambda: papermill.execute_notebook(folder / "in.ipynb", folder / "out.ipynb", progress_bar=False)
