"""What of a notebook's outputs viewers may see: results, and of errors only that there was one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from notehouse_core.notebook_cells import is_told_to_author

Json = dict[str, Any]

NO_CONTROLLER = "A game controller works in the notebook, not on a dashboard."
_CONTROLLER, _LABEL = "ControllerModel", "LabelModel"
WIDGET_STATES = "application/vnd.jupyter.widget-state+json"


def notice(name: object) -> str:
    """Return the sentence that stands for an error; a traceback quotes the notebook's source."""
    kind = str(name)
    shown = f" ({kind})" if kind.isidentifier() else ""
    return f"This part could not be updated{shown}. Its author can see why in the notebook."


def for_viewers(outputs: Iterable[Json]) -> list[Json]:
    """Return outputs without tracebacks and warnings, which quote lines of source."""
    return [shown for output in outputs if (shown := _shown(output)) is not None]


def _shown(output: Json) -> Json | None:
    if output.get("output_type") == "error":
        return {"output_type": "stream", "name": "stdout", "text": notice(output.get("ename")) + "\n"}
    if is_told_to_author(output):
        return None  # what a query says of itself is for who wrote it
    if output.get("output_type") == "stream" and output.get("name") != "stdout":
        return None
    return output


def model_for_viewers(model: Json) -> Json:
    """Return a widget's model as a page has it: one that cannot work on a page is a label that says so."""
    state = state_for_viewers(model["state"])
    return (
        {**model, "model_name": _LABEL, "state": state}
        if _is_controller(model)
        else {**model, "state": state}
    )


def _is_controller(model: Json) -> bool:
    """Tell whether it is a game controller's, whose page would make models in the notebook, and which no frame may read."""
    return _CONTROLLER in (model.get("model_name"), model["state"].get("_model_name"))


def state_for_viewers(state: Json) -> Json:
    """Return a widget's state in which captured outputs, if it has any, are as viewers may see them."""
    if state.get("_model_name") == _CONTROLLER:
        return {
            "_model_module": "@jupyter-widgets/controls",
            "_model_module_version": state.get("_model_module_version", "2.0.0"),
            "_model_name": _LABEL,
            "_view_module": "@jupyter-widgets/controls",
            "_view_module_version": state.get("_view_module_version", "2.0.0"),
            "_view_name": "LabelView",
            "_dom_classes": state.get("_dom_classes", []),
            "layout": state.get("layout"),
            "value": NO_CONTROLLER,
        }
    captured = state.get("outputs")
    if not isinstance(captured, (list, tuple)):
        return state
    return {**state, "outputs": for_viewers(item for item in captured if isinstance(item, dict))}
