"""An executed notebook as a page of its own: outputs without code, nothing fetched from anywhere, nothing alive."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from notehouse_core.notebook_cells import is_told_to_author
from notehouse_core.paths import shared

WIDGET = "application/vnd.jupyter.widget-view+json"
STATES = "application/vnd.jupyter.widget-state+json"
# Widgets that only show a text, and how it is meant.
_TEXTS = {"HTMLModel": "text/html", "HTMLMathModel": "text/html", "LabelModel": "text/plain"}
_REFERENCE = "IPY_MODEL_"


def page_of(notebook: str, title: str) -> str:
    """The page (HTML) of a notebook (nbformat JSON). Blocks for a second or so: call it in a thread."""
    import nbformat
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        template_name="notehouse-report",
        extra_template_basedirs=[str(shared("voila_templates"))],
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    exporter.mathjax_url = exporter.require_js_url = exporter.jquery_url = exporter.mermaid_js_url = ""
    node = _still(nbformat.reads(notebook, as_version=4))  # type: ignore[no-untyped-call]
    page, _ = exporter.from_notebook_node(node, resources={"metadata": {"name": title}})
    return str(page)


def _still(node: Any) -> Any:
    """Put what widgets show in the place of the widgets, which would need their scripts."""
    states = node.metadata.pop("widgets", {}).get(STATES, {}).get("state", {})
    for cell in node.cells:
        if cell.cell_type == "code":
            cell.outputs = [each for output in cell.outputs for each in _shown(output, states)]
    return node


def _shown(output: Any, states: Any) -> Iterator[Any]:
    if is_told_to_author(output):
        return
    view = output.get("data", {}).get(WIDGET)
    if view is None:
        yield output
        return
    yield from _inside(view.get("model_id", ""), states, set())


def _inside(model: str, states: Any, seen: set[str]) -> Iterator[Any]:
    """The outputs in a widget and those in it, each once; controls show nothing on a page that is still."""
    if model in seen or model not in states:
        return
    seen.add(model)
    state = states[model].get("state", {})
    yield from state.get("outputs", [])
    if (kind := _TEXTS.get(states[model].get("model_name", ""))) and state.get("value"):
        yield _text(kind, str(state["value"]))
    for child in state.get("children", []):
        yield from _inside(str(child).removeprefix(_REFERENCE), states, seen)


def _text(kind: str, value: str) -> Any:
    import nbformat

    return nbformat.v4.new_output("display_data", {kind: value})  # type: ignore[no-untyped-call]
