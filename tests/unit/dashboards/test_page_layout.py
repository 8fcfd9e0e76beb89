"""Tiles on the page: where the notebook's metadata says, with a title."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote

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


async def test_charts_weigh_little_and_pictures_of_others_stay_as_they_are() -> None:
    drawn = '<svg class="marks" width="200"><g aria-label="x: 1.23456" role="img"><path fill="#abc" '
    vega = (
        drawn
        + 'transform="translate(1.23456,7)"/><text font-family="sans-serif">100 % of 3.14159</text></g></svg>'
    )
    other = '<svg width="1"><path aria-label="small" d="M0.00012,0"/></svg>'
    outputs = [nbformat.v4.new_output("display_data", {"image/svg+xml": one}) for one in (vega, other)]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x", outputs=outputs)])
    page = await render_page(notebook, "Charts", "/services/dashboards/a/b/", Assets("/services/dashboards"))
    assert re.findall(r'style="--natural: (\d+)px"', page) == ["200", "1"]
    shown = [unquote(unescape(one)) for one in re.findall(r'src="data:image/svg\+xml,(.*?)"', page)]
    light = '<svg class="marks" width="200"><g><path fill="#abc" transform="translate(1.23,7)"/>'
    letters = 'font-family="Arial, Liberation Sans, Helvetica, sans-serif"'
    assert shown == [light + f"<text {letters}>100 % of 3.14159</text></g></svg>", other]


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


async def test_what_a_page_does_not_need_is_not_loaded() -> None:
    view = nbformat.v4.new_output(
        "display_data", {"application/vnd.jupyter.widget-view+json": {"model_id": "m"}}
    )
    text = nbformat.v4.new_output("display_data", {"text/html": "<b>42</b>"})

    async def loaded(shown: nbformat.NotebookNode, source: str, module: str = "") -> list[str]:
        state = {"m": {"model_module": module, "model_name": "SomeModel", "state": {}}} if module else {}
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source, outputs=[shown])])
        notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": state}}
        assets = Assets("/services/dashboards")
        page = await render_page(notebook, "Light", "/services/dashboards/a/b/", assets)
        return [
            one for one in ("voila.js", "jupyterlab-manager", '"anywidget"', "no_formulas.js") if one in page
        ]

    controls = "@jupyter-widgets/controls"
    assert await loaded(text, "1") == ["no_formulas.js"]
    assert await loaded(view, "1", controls) == ["voila.js", "jupyterlab-manager", "no_formulas.js"]
    assert await loaded(view, "Label(f'$x^{n}$')", controls) == ["voila.js", "jupyterlab-manager"]
    assert '"anywidget"' in await loaded(view, "1", "anywidget")
    assert '"anywidget"' in await loaded(view, "import anywidget", controls)
