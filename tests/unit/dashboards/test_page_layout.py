"""Tiles on the page: where the notebook's metadata says, with a title."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat

from notehouse_core.paths import shared
from notehouse_dashboards.assets import Assets
from notehouse_dashboards.renderer.page import render_page


async def test_tiles_stand_where_their_cells_say() -> None:
    shown = nbformat.v4.new_output("display_data", {"text/html": "<b>42</b>"})
    cells = [nbformat.v4.new_code_cell("x", outputs=[shown]) for _ in range(3)]
    cells[0].metadata["notehouse"] = {"tile": {"w": 3, "x": 2, "h": 4, "title": "A <title>"}}
    cells[1].metadata["notehouse"] = {"tile": {"w": 9}}
    notebook = nbformat.v4.new_notebook(cells=cells)
    page = await render_page(notebook, "Layout", "/services/dashboards/a/b/", Assets("/services/dashboards"))
    sections = re.findall(r'<section class="(.*?)" data-cell="\d"(.*?)>', page)
    assert [name for name, _ in sections] == ["nh-cell nh-tile nh-small", "nh-cell nh-tile", "nh-cell"]
    assert re.findall(r"--(\w): (\d+)", sections[0][1]) == [("w", "3"), ("x", "2"), ("h", "4")]
    assert re.findall(r"--(\w): (\d+)", sections[1][1]) == [("w", "9")]
    assert "style" not in sections[2][1]
    assert [re.findall('data-tile="(.*?)"', one) for _, one in sections] == [[cell.id] for cell in cells]
    assert "A &lt;title&gt;</h2>" in page
    assert page.count("<b>42</b>") == 3


async def test_a_template_of_ones_own_derives_from_ours_as_its_guide_says(tmp_path: Path) -> None:
    guide = (shared("voila_templates") / "README.md").read_text()
    (tmp_path / "index.html.j2").write_text(guide.split("```jinja\n")[1].split("```")[0])
    shown = nbformat.v4.new_output("display_data", {"text/html": "<b>42</b>"})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x", outputs=[shown])])
    assets = Assets("/services/dashboards")
    page = await render_page(notebook, "Own", "/services/dashboards/a/b/", assets, template=tmp_path)
    order = [
        "frame.css",
        "--nh-ground: #fffdf6",
        "Example Airlines",
        "<b>42</b>",
        "Internal: do not",
        "notehouse-tiles",
    ]
    places = [page.index(one) for one in order]
    assert places == sorted(places)
    assert "data-tile=" in page
