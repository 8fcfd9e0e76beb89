"""May this notebook be published, and what tiles does it have?"""

import ast
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import nbformat

from notehouse_core import errors
from notehouse_core.filters import Filter, filter_call, filters_of, value_of
from notehouse_core.notebook_cells import HIDDEN_TAGS, headings_in, id_of, tags_of
from notehouse_core.sql_cells import shows_table
from notehouse_core.tile_plan import PYTHON, Plan, TilePlan, plan_of

_LONGEST_NAME = 120
_FILTER = re.compile(r"""^\w+\s*=\s*filter\(\s*["']""", re.MULTILINE)


@dataclass(frozen=True)
class CheckedNotebook:
    """A notebook that can be published; `content` is its canonical form without outputs."""

    content: bytes
    sha256: str
    parameters: dict[str, Any]
    layout: dict[str, Any]
    cells: list[dict[str, Any]]


@dataclass(frozen=True)
class Tile:
    """A part of a dashboard; `reason` says why it needs Python, if it does."""

    id: str
    title: str
    needs_python: bool
    reason: str
    is_table: bool = False


def check_notebook(content: Any, size: int, largest: int) -> CheckedNotebook:
    """Return the notebook in canonical form; sizes in bytes. Raises TooLarge or Invalid with what is wrong."""
    if size > largest:
        raise errors.TooLarge(
            f"The notebook has {size / 1e6:.1f} MB; at most {largest / 1e6:g} can be published. "
            "Clear its outputs and take embedded pictures out, or ask an administrator for more."
        )
    notebook = _valid(_as_object(content))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    text = json.dumps(notebook, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    parameters = _parameters(notebook.cells)
    filters = _filters(notebook.cells, parameters)
    plan = plan_of(notebook.cells, parameters, [one.name for one in filters])
    layout = {
        "filters": [one.as_json() for one in filters],
        "plan": plan.as_json(),
        "refresh": _refresh(notebook.metadata),
    }
    for number, cell in enumerate(notebook.cells, start=1):
        _check_place(number, place_of(cell))
        if cell.cell_type == "code" and not _is_parameters(cell) and _FILTER.search(cell.source):
            raise _refused(f"cell {number} makes a filter, which belongs into the cell tagged parameters")
    return CheckedNotebook(text, hashlib.sha256(text).hexdigest(), parameters, layout, list(notebook.cells))


def place_of(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return where a cell says its tile is: `w` and `x` in twelfths of the page, `h` in rows, `title`, `tab`."""
    settings = cell.get("metadata", {}).get("notehouse", {})
    place = settings.get("tile", {}) if isinstance(settings, dict) else {}
    return dict(place) if isinstance(place, dict) else {}


def _refresh(metadata: Mapping[str, Any]) -> int:
    """Seconds that a page rests between two refreshes: `metadata.notehouse.refresh`, 1 unless it says more."""
    settings = metadata.get("notehouse", {})
    value = settings.get("refresh", 1) if isinstance(settings, dict) else 1
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 86_400:
        raise _refused(f"its refresh is {value!r}; it is a number of seconds from 1 to 86400")
    return value


def _check_place(number: int, place: dict[str, Any]) -> None:
    for name, largest in (("w", 12), ("x", 12), ("h", 40)):
        value = place.get(name)
        if value is not None and (isinstance(value, bool) or value not in range(1, largest + 1)):
            raise _refused(
                f"the tile of cell {number} has {name} {value!r}; it is a number from 1 to {largest}"
            )
    for name in ("title", "tab"):
        value = place.get(name, "")
        if not isinstance(value, str) or len(value) > _LONGEST_NAME:
            raise _refused(
                f"the {name} of the tile of cell {number} is a text of at most {_LONGEST_NAME} characters"
            )
    if place.get("x", 1) + place.get("w", 12) > 13 and "x" in place:
        raise _refused(f"the tile of cell {number} goes beyond the twelve columns of the page")


def _filters(cells: list[Any], parameters: dict[str, Any]) -> list[Filter]:
    return [one for cell in cells if _is_parameters(cell) for one in filters_of(cell.source, parameters)]


def _is_parameters(cell: Any) -> bool:
    return bool(cell.cell_type == "code" and "parameters" in cell.metadata.get("tags", []))


def tiles_of(checked: CheckedNotebook) -> list[Tile]:
    """Return the tiles that a notebook's code cells make, in their order."""
    title, tiles, cells = "", [], checked.cells
    plan = Plan.of_json(checked.layout["plan"])
    assert plan is not None  # noqa: S101 - of a checked notebook
    for number, cell in enumerate(cells, start=1):
        if cell["cell_type"] == "markdown":
            found = headings_in(cell["source"])
            title = found[-1] if found else title
        elif cell["cell_type"] == "code" and _shows(cell):
            tiles.append(_tile(cell, number, title, plan.tiles[id_of(cell, number)]))
    return tiles


def _parameters(cells: list[Any]) -> dict[str, Any]:
    """Return the defaults that the cell tagged `parameters` gives, as far as they are plain JSON values."""
    defaults: dict[str, Any] = {}
    for cell in cells:
        if _is_parameters(cell):
            defaults |= _assignments(cell.source)
    return defaults


def _assignments(source: str) -> dict[str, Any]:
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise _refused(f"its parameters cell is not Python: {error.msg} in line {error.lineno}") from error
    found: dict[str, Any] = {}
    for statement in statements:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                found |= _plain(name, value)
    return found


def _plain(name: str, value: ast.expr) -> dict[str, Any]:
    """Return {name: value} for a filter, or a literal that JSON can hold, {} for anything else."""
    if asked := filter_call(value):
        return {name: value_of(asked.kind, asked.given, asked.options)}
    try:
        literal = ast.literal_eval(value)
        json.dumps(literal)
    except (ValueError, TypeError):
        return {}
    return {name: literal}


def _as_object(content: Any) -> dict[str, Any]:
    if isinstance(content, str):
        try:
            content = json.loads(content)
        except json.JSONDecodeError as error:
            raise _refused(f"it is not JSON: {error.msg} at line {error.lineno}") from error
    if not isinstance(content, dict):
        raise _refused("it is not a JSON object")
    return content


def _valid(content: dict[str, Any]) -> Any:
    if content.get("nbformat") != 4:
        found = content.get("nbformat", "missing")
        raise _refused(f"its nbformat is {found}, but only 4 is supported; open and save it in JupyterLab")
    try:
        notebook = nbformat.v4.rwbase.rejoin_lines(nbformat.from_dict(content))  # type: ignore[no-untyped-call]
        _, notebook = nbformat.validator.normalize(notebook)
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        where = "/".join(str(part) for part in getattr(error, "absolute_path", ()))
        raise _refused(f"{where + ': ' if where else ''}{str(error.message)[:300]}") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _refused("it has not the shape of a notebook") from error
    if not any(cell.cell_type == "code" and cell.source.strip() for cell in notebook.cells):
        raise _refused("it has no cells with code, so there is nothing to show")
    return notebook


def _refused(why: str) -> errors.NotehouseError:
    message = f"This notebook cannot be published: {why}."
    return errors.Invalid(message, fields=[{"field": "notebook", "message": why}])


def _shows(cell: dict[str, Any]) -> bool:
    return bool(cell["source"].strip()) and not tags_of(cell) & HIDDEN_TAGS


def _tile(cell: dict[str, Any], number: int, title: str, plan: TilePlan) -> Tile:
    named = str(place_of(cell).get("title") or title or f"Cell {number}")
    return Tile(plan.id, named, plan.kind == PYTHON, plan.reason, shows_table(cell["source"]))
