"""Makes the page of an executed notebook, by Voilà's own renderer and the template `notehouse`."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncIterator, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nbformat import NotebookNode
from traitlets.config import Config
from voila.configuration import VoilaConfiguration
from voila.notebook_renderer import NotebookRenderer
from voila.paths import collect_template_paths

from notehouse_core.filters import text_of
from notehouse_core.paths import shared
from notehouse_core.plain_conditions import conditions_of
from notehouse_core.tile_plan import CHART, PYTHON, TABLE, Plan, TilePlan
from notehouse_dashboards.assets import FEDERATED, ICONS, VEGA, Assets, extension_folder
from notehouse_dashboards.bundles import FRAME_SCRIPT, FRAME_STYLE
from notehouse_dashboards.front_end import TOGETHER
from notehouse_dashboards.outputs import WIDGET_STATES
from notehouse_dashboards.renderer.light_charts import address_of, lightened, width_of

NO_PLAN = Plan({}, ())
NO_DEFAULTS: Mapping[str, Any] = MappingProxyType({})
WITH_ICONS = {
    f"{name}Model" for name in ("Play", "Valid", "TagsInput", "ColorsInput", "IntsInput", "FloatsInput")
}
# What stands in a page as a picture or not at all until Voilà's front end draws it.
DRAWN_BY_FRONT_END = (
    "application/vnd.jupyter.widget-view+json",
    "application/vnd.vega.v5+json",
    "application/vnd.vegalite.v5+json",
    "application/vnd.vegalite.v4+json",
    "application/vnd.vegalite.v3+json",
    "text/latex",
    "application/json",
)
ANYWIDGET = "anywidget"
# Whether a notebook may show formulas, now or once it is live; a price or a pattern that looks like one only costs bytes.
_FORMULA = re.compile(r"\$[^$\n]+\$|\\\\?[(\[]|\\begin\{|HTMLMath|Latex|Math\(")
KERNEL_ID = "page"  # the name by which every page speaks of its kernel; which one that is, the server knows

log = logging.getLogger(__name__)


class NoFiles:
    """Where Voilà looks for pictures that a text names: nowhere, since it runs beside the platform's own files."""

    def file_exists(self, _path: str) -> bool:
        """Tell that there is no such file."""
        return False


class SnapshotRenderer(NotebookRenderer):  # type: ignore[misc]
    """Voilà's renderer for a notebook that was executed elsewhere: it starts no kernel and reads no file."""

    def __init__(self, notebook: NotebookNode, title: str, **options: Any) -> None:
        super().__init__(notebook_path=f"{title}.ipynb", contents_manager=NoFiles(), **options)
        self._executed = notebook

    async def load_notebook(self, _path: str) -> NotebookNode:
        """Return the executed notebook."""
        return self._executed

    async def _jinja_kernel_start(self, _nb: Any, kernel_id: Any, kernel_future: Any) -> str:
        return KERNEL_ID

    async def _jinja_cell_generator(self, nb: NotebookNode, _kernel_id: str) -> AsyncIterator[NotebookNode]:
        for cell in nb.cells:
            yield cell


async def render_page(
    notebook: NotebookNode,
    title: str,
    prefix: str,
    assets: Assets,
    plan: Plan = NO_PLAN,
    defaults: Mapping[str, Any] = NO_DEFAULTS,
    template: Path | None = None,
) -> str:
    """Return the HTML of an executed notebook; its cells' sources are not in it.

    `defaults` are the parameters that the version was published with, `template` the folder of one that derives from ours.
    """
    page = without_sources(notebook)
    page.metadata.title = title
    renderer = SnapshotRenderer(
        page,
        title=title.replace("/", " "),
        voila_configuration=configuration(),
        traitlet_config=Config(),
        template_paths=template_paths(template),
        base_url=prefix,
        page_config=page_config(prefix, assets, notebook),
        mathjax_url="",
        mathjax_config="",
    )
    await renderer.initialize()
    renderer.exporter.register_filter("picture", lambda svg: address_of(lightened(svg)))
    renderer.exporter.register_filter("width_of", width_of)
    around = parts(page, assets, prefix, plan)
    around["plan"] |= {"plain": plain_filters(notebook, plan), "defaults": as_texts(plan, defaults)}
    renderer.resources["page"] = around
    renderer.exporter.environment.globals["page"] = around
    content: str = await renderer.generate_content_str()
    return content


def configuration() -> VoilaConfiguration:
    """Return Voilà's settings: nothing that a notebook says can change template, theme or what is shown."""
    return VoilaConfiguration(
        template="lab",
        theme="light",
        strip_sources=True,
        show_tracebacks=False,
        allow_template_override="NO",
        allow_theme_override="NO",
        attempt_fix_notebook=False,
    )


def template_paths(derived: Path | None = None) -> list[str]:
    """Return where templates are looked for: ours first, then Voilà's and nbconvert's that it builds on.

    One that is `derived` comes before ours, which it extends as `notehouse/index.html.j2`.
    """
    ours = shared("voila_templates")
    first = [str(derived)] if derived else []
    return [*first, str(ours / "notehouse"), str(ours), *collect_template_paths(["nbconvert"], "lab")]


def parts(notebook: NotebookNode, assets: Assets, prefix: str, plan: Plan = NO_PLAN) -> dict[str, Any]:
    """Return what the template puts around the cells."""
    charts = {one.id: found for one in plan.tiles.values() if (found := chart_of(notebook, one))}
    widgets = notebook.metadata.get("widgets", {}).get(WIDGET_STATES)
    icons = ICONS if has_icons(widgets) else ()
    drawn = [one for one in plan.tiles.values() if one.kind == TABLE or one.id in charts]
    return {
        "charts": charts,
        "plan": {
            "tiles": {one.id: {"kind": one.kind, "filters": one.filters} for one in drawn},
            "python": plan.python_filters,
            "vega": assets.url(VEGA),
            "made": datetime.now(UTC).isoformat(),
        },
        "stylesheets": [
            *({"href": assets.url(sheet), "media": ""} for sheet in icons),
            {"href": assets.url(FRAME_STYLE), "media": ""},
            {"href": f"{prefix.rstrip('/').rpartition('/')[0]}/theme.css", "media": ""},
        ],
        "shim": assets.url(FRAME_SCRIPT),
        "front_end": front_end(notebook, assets),
        "drawn_by_front_end": DRAWN_BY_FRONT_END,
        "widgets": widgets,
    }


def needs_front_end(notebook: NotebookNode) -> bool:
    """Tell whether there is something that only Voilà's front end can draw: a megabyte that other pages do without."""
    kinds = {
        kind for cell in notebook.cells for one in cell.get("outputs", ()) for kind in one.get("data", ())
    }
    return not kinds.isdisjoint(DRAWN_BY_FRONT_END)


def front_end(notebook: NotebookNode, assets: Assets) -> list[str]:
    """Return the scripts of Voilà's front end, in their order; none when nothing needs it."""
    if not needs_front_end(notebook):
        return []
    has_widgets = bool(notebook.metadata.get("widgets"))
    return [assets.url(one) for one in (*([TOGETHER] if has_widgets else []), "voila/voila.js")]


def has_formulas(notebook: NotebookNode) -> bool:
    """Tell whether a notebook may show formulas: by what its cells say, since a live one may show some later."""
    told = [cell.source for cell in notebook.cells]
    outputs = [one for cell in notebook.cells for one in cell.get("outputs", ())]
    widgets = notebook.metadata.get("widgets", {})
    return any(map(_FORMULA.search, (*told, *map(str, outputs), str(widgets))))


def has_icons(widgets: Mapping[str, Any] | None) -> bool:
    """Tell whether a page's widgets show icons, which need a style sheet and a font."""
    models = (widgets or {}).get("state", {}).values()
    return any(one.get("model_name") in WITH_ICONS or one.get("state", {}).get("icon") for one in models)


def plain_filters(notebook: NotebookNode, plan: Plan) -> dict[str, list[dict[str, Any]]]:
    """Return, for each tile that has some, the filters that a browser can answer from the tile's own rows."""
    sources = {one.get("id"): one.source for one in notebook.cells}
    found = {
        one.id: conditions_of(sources.get(one.statement, ""), one.filters)
        for one in plan.tiles.values()
        if one.kind != PYTHON and one.filters
    }
    return {name: [one.as_json() for one in conditions] for name, conditions in found.items() if conditions}


def as_texts(plan: Plan, defaults: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the values of the filters of tiles as an address has them."""
    names = sorted({name for one in plan.tiles.values() for name in one.filters} & defaults.keys())
    values = {
        name: defaults[name] if isinstance(defaults[name], list) else [defaults[name]] for name in names
    }
    return {name: [text_of(one) for one in found] for name, found in values.items()}


def chart_of(notebook: NotebookNode, plan: TilePlan) -> dict[str, Any] | None:
    """Return the specification of a planned chart without its rows, which the page asks for; nothing if it has none."""
    cell = next((one for one in notebook.cells if plan.kind == CHART and one.get("id") == plan.id), None)
    for output in cell.outputs if cell else ():
        for kind, specification in output.get("data", {}).items():
            named = isinstance(specification, dict) and (specification.get("data") or {}).get("name")
            if kind.startswith("application/vnd.vegalite.") and named:
                return {**specification, "datasets": {}, "data": {"name": named}}
    return None


def page_config(prefix: str, assets: Assets, notebook: NotebookNode) -> dict[str, Any]:
    """Return what Voilà's front end reads about its surroundings; every address is ours."""
    # "null" twice is the front end's word for the MathJax that it brings itself.
    math = "null" if has_formulas(notebook) else assets.url("own/frame/no_formulas.js")
    return {
        "appName": "Voila",
        "appUrl": "voila/",
        "baseUrl": f"{prefix}live/",
        "fullStaticUrl": assets.url("voila"),
        "fullLabextensionsUrl": assets.url("extensions"),
        "fullMathjaxUrl": math,
        "mathjaxConfig": "null",
        "themesUrl": "themes",
        "jupyterLabTheme": "light",
        "terminalsAvailable": False,
        "progressiveRendering": False,
        "extensionConfig": {},
        "federated_extensions": federated_extensions(notebook),
    }


def federated_extensions(notebook: NotebookNode) -> list[dict[str, str]]:
    """Return the extensions that draw the widgets of a notebook, as the front end wants to know them."""
    models = notebook.metadata.get("widgets", {}).get(WIDGET_STATES, {}).get("state", {}).values()
    modules = {one.get("model_module") for one in models}
    names_it = any(ANYWIDGET in cell.source for cell in notebook.cells)
    found = []
    for name in FEDERATED if modules else ():
        if (name != ANYWIDGET or name in modules or names_it) and (folder := extension_folder(name)):
            build = json.loads((folder / "package.json").read_text())["jupyterlab"]["_build"]
            found.append({"name": name, **build, "load": build["load"].removeprefix("./")})
    return found


def without_sources(notebook: NotebookNode) -> NotebookNode:
    """Return a copy whose code cells have outputs only, so that nothing can show what they hold."""
    page = deepcopy(notebook)
    for cell in page.cells:
        if cell.cell_type == "code":
            cell.source = ""
            cell.metadata.pop("papermill", None)
    return page
