"""The widgets of one page as they are now, and which of their values a viewer may set to what.

A widget's limits are hints in the browser and nothing in the kernel: any synced trait can be written over the
websocket, a slider's maximum too. Here they are rules.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from notehouse_dashboards.live import uploads

Json = dict[str, Any]
Check = Callable[[Any, Json], bool]

CONTROLS = "@jupyter-widgets/controls"
MAX_TEXT = 10_000
MAX_ITEMS = 1_000
ROUNDING = 1e-9  # sliders add steps in floating point


@dataclass
class Widget:
    """One model: what it is, and the state it was last seen in."""

    name: str
    module: str
    state: Json = field(default_factory=dict)


class Widgets:
    """All models of a page, kept up to date by what the kernel sends."""

    def __init__(self, states: Mapping[str, Json]) -> None:
        self._widgets = {
            key: Widget(str(model.get("model_name")), str(model.get("model_module")), dict(model["state"]))
            for key, model in states.items()
        }

    def __contains__(self, key: object) -> bool:
        return key in self._widgets

    @property
    def ids(self) -> frozenset[str]:
        """Ids of all models."""
        return frozenset(self._widgets)

    def opened(self, key: str, state: Json) -> None:
        """Remember a model that the kernel made."""
        names = str(state.get("_model_name")), str(state.get("_model_module"))
        self._widgets[key] = Widget(*names, dict(state))

    def updated(self, key: str, state: Json) -> None:
        """Remember what the kernel changed on a model."""
        if key in self._widgets:
            self._widgets[key].state.update(state)

    def closed(self, key: str) -> None:
        """Forget a model that the kernel closed."""
        self._widgets.pop(key, None)

    def allowed(self, key: str, change: Json) -> Json:
        """Return the part of a change that a viewer may make."""
        widget = self._widgets[key]
        checks = checks_of(widget)
        return {
            trait: value
            for trait, value in change.items()
            if trait in checks and checks[trait](value, widget.state)
        }

    def upload(self, key: str) -> Json | None:
        """Return the state of a model that takes files, nothing when it is none."""
        widget = self._widgets.get(key)
        known = widget is not None and (widget.module, widget.name) == (CONTROLS, uploads.MODEL)
        return widget.state if widget and known else None

    def current(self, key: str, traits: Mapping[str, Any]) -> Json:
        """Return a model's present values of some traits, to put a page right that shows others."""
        state = self._widgets[key].state
        return {trait: state[trait] for trait in traits if trait in state}


def checks_of(widget: Widget) -> Mapping[str, Check]:
    """Return the traits of a widget that viewers may set, each with its rule."""
    if widget.module == CONTROLS:
        return KNOWN.get(widget.name, {})
    return OTHERS


def is_number(value: Any) -> bool:
    """Tell whether a value is a finite number; a truth value is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def is_bool(value: Any, _state: Json) -> bool:
    """Accept true and false."""
    return isinstance(value, bool)


def in_range(value: Any, state: Json) -> bool:
    """Accept a number between the widget's own ends."""
    return is_number(value) and within(value, state.get("min"), state.get("max"))


def whole_in_range(value: Any, state: Json) -> bool:
    """Accept a whole number between the widget's own ends."""
    return isinstance(value, int) and in_range(value, state)


def log_in_range(value: Any, state: Json) -> bool:
    """Accept a number between the powers that a logarithmic slider ends at."""
    ends: list[Any] = [state.get(name) for name in ("base", "min", "max")]
    if not (is_number(value) and all(map(is_number, ends))):
        return False
    base, low, high = ends
    return within(value, base**low, base**high)


def pair_in_range(value: Any, state: Json) -> bool:
    """Accept two numbers in order, between the widget's own ends."""
    two = isinstance(value, list) and len(value) == 2
    return two and all(in_range(end, state) for end in value) and value[0] <= value[1]


def within(value: float, low: Any, high: Any) -> bool:
    """Tell whether a value lies between two ends, of which either may be open."""
    slack = ROUNDING * max(1.0, abs(value))
    above = not is_number(low) or value >= low - slack
    return above and (not is_number(high) or value <= high + slack)


def any_number(value: Any, _state: Json) -> bool:
    """Accept any finite number."""
    return is_number(value)


def whole_number(value: Any, _state: Json) -> bool:
    """Accept any whole number that fits in 64 bits."""
    return is_number(value) and isinstance(value, int) and abs(value) < 2**63


def option(value: Any, state: Json) -> bool:
    """Accept the place of one of the widget's own options, or none."""
    return value is None or is_place(value, state.get("_options_labels"))


def options(value: Any, state: Json) -> bool:
    """Accept places of the widget's own options."""
    labels = state.get("_options_labels")
    return isinstance(value, list) and len(value) <= MAX_ITEMS and all(is_place(one, labels) for one in value)


def child(value: Any, state: Json) -> bool:
    """Accept the place of one of the widget's children, or none."""
    return value is None or is_place(value, state.get("children"))


def is_place(value: Any, things: Any) -> bool:
    """Tell whether a value is an index into a list."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole and isinstance(things, (list, tuple)) and 0 <= value < len(things)


def text(value: Any, _state: Json) -> bool:
    """Accept a text of bounded length."""
    return isinstance(value, str) and len(value) <= MAX_TEXT


def combobox(value: Any, state: Json) -> bool:
    """Accept a text; where the widget insists on its options, one of them."""
    return text(value, state) and (not state.get("ensure_option") or value in state.get("options", ()))


def moment(value: Any, _state: Json) -> bool:
    """Accept a date or a time as pickers send them: named whole numbers, or none."""
    if value is None:
        return True
    few = isinstance(value, dict) and len(value) <= 8
    return few and all(isinstance(part, int) for part in value.values())


def tags(value: Any, state: Json) -> bool:
    """Accept a list of tags; where the widget names the allowed ones, only those."""
    if not isinstance(value, list) or len(value) > MAX_ITEMS:
        return False
    known = state.get("allowed_tags")
    return all(text(tag, state) and (not known or tag in known) for tag in value)


def numbers(value: Any, state: Json) -> bool:
    """Accept a list of numbers between the widget's own ends."""
    return isinstance(value, list) and len(value) <= MAX_ITEMS and all(in_range(one, state) for one in value)


def alike(trait: str) -> Check:
    """Accept what is of the same kind as the value that is there."""

    def check(value: Any, state: Json) -> bool:
        if trait not in state:
            return False
        present = state[trait]
        if isinstance(present, bool) or isinstance(value, bool):
            return isinstance(present, bool) and isinstance(value, bool)
        if is_number(present):
            return is_number(value)
        if isinstance(value, list):
            return isinstance(present, list) and len(value) <= MAX_ITEMS
        return isinstance(value, type(present)) and (not isinstance(value, str) or len(value) <= MAX_TEXT)

    return check


def _models(checks: Mapping[str, Check], *names: str) -> dict[str, Mapping[str, Check]]:
    return {f"{name}Model": checks for name in names}


KNOWN: Mapping[str, Mapping[str, Check]] = {
    **_models({"value": whole_in_range}, "IntSlider", "BoundedIntText"),
    **_models({"value": in_range}, "FloatSlider", "BoundedFloatText"),
    **_models({"value": log_in_range}, "FloatLogSlider"),
    **_models({"value": pair_in_range}, "IntRangeSlider", "FloatRangeSlider"),
    **_models({"value": whole_in_range, "playing": is_bool, "repeat": is_bool}, "Play"),
    **_models({"value": whole_number}, "IntText"),
    **_models({"value": any_number}, "FloatText"),
    **_models({"value": is_bool}, "Checkbox", "ToggleButton"),
    **_models({"index": option}, "Dropdown", "Select", "RadioButtons", "ToggleButtons", "SelectionSlider"),
    **_models({"index": options}, "SelectMultiple", "SelectionRangeSlider"),
    **_models({"value": text}, "Text", "Textarea", "Password", "ColorPicker"),
    **_models({"value": combobox}, "Combobox"),
    **_models({"value": moment}, "DatePicker", "Time", "Datetime", "NaiveDatetime"),
    **_models({"value": tags}, "TagsInput", "ColorsInput"),
    **_models({"value": numbers}, "IntsInput", "FloatsInput"),
    uploads.MODEL: {"value": uploads.none_chosen},
    **_models({"selected_index": child}, "Tab", "Accordion", "Stack"),
}
OTHERS: Mapping[str, Check] = {
    trait: alike(trait) for trait in ("value", "index", "selected", "selection", "selected_index")
}
