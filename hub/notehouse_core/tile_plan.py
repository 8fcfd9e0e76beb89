"""Which tiles of a notebook depend on SQL alone, and which of its filters does Python depend on? Pure.

The cells are followed in their order: what a cell reads hangs on the filters that made it. A table that a `%%sql` cell
shows, and a chart drawn from a frame of such a cell by constants alone, can be made anew from the answer of one
statement. Whatever is in doubt counts as Python.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from notehouse_core.errors import Invalid
from notehouse_core.notebook_cells import HIDDEN_TAGS, id_of, tags_of
from notehouse_core.query_parameters import places_of
from notehouse_core.sql_cells import asked_by, frame_of, kept_by

TABLE, CHART, PYTHON = "table", "chart", "python"
_SQL = re.compile(r"\s*%%sql\b")
_OTHER_SQL = re.compile(r"\s*%%(chart|expect)\b")
_HARMLESS = re.compile(r"^\s*%(?:load_ext|matplotlib|config|time)\b[^\n]*$", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_]\w*")
_MAGIC = re.compile(r"^\s*[%!?]|\?\s*$", re.MULTILINE)
_PLACES = re.compile(r"\{\{\s*(?:ident\(\s*)?([A-Za-z_]\w*)")
# Names by which Python can reach any variable without naming it.
_ANYTHING = frozenset({"globals", "locals", "vars", "exec", "eval", "get_ipython", "setattr", "__import__"})
_CHARTS = frozenset({"alt", "altair"})


@dataclass(frozen=True)
class TilePlan:
    """How a tile is made anew: `statement` is the id of the cell whose SQL answers it; `reason` says why not by SQL."""

    id: str
    kind: str
    filters: tuple[str, ...] = ()
    statement: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Plan:
    """All tiles by their cell's id, and the filters that some Python depends on."""

    tiles: Mapping[str, TilePlan]
    python_filters: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return what `of_json` reads."""
        return {"tiles": [asdict(one) for one in self.tiles.values()], "python": list(self.python_filters)}

    @classmethod
    def of_json(cls, content: Mapping[str, Any] | None) -> Plan | None:
        """Read what `as_json` returned; nothing for a version that was published without a plan."""
        if content is None:
            return None
        made = [TilePlan(**{**one, "filters": tuple(one["filters"])}) for one in content["tiles"]]
        return cls({one.id: one for one in made}, tuple(content["python"]))

    def by_sql(self, name: str) -> bool:
        """Say whether a change of this filter needs no Python at all."""
        return name not in self.python_filters and any(
            name in one.filters for one in self.tiles.values() if one.kind != PYTHON
        )


@dataclass
class _Following:
    """What is known after the cells so far."""

    parameters: Mapping[str, Any]
    filters: frozenset[str]
    hangs_on: dict[str, frozenset[str]] = field(default_factory=dict)  # variable -> filters
    frames: dict[str, str] = field(default_factory=dict)  # frame -> the cell that answers it
    set_by: dict[str, int] = field(default_factory=dict)  # variable -> number of the Python cell that sets it
    kept: set[str] = field(default_factory=set)  # names of queries that others build on
    opaque: int = 0  # number of the first cell that could change anything
    python: set[str] = field(default_factory=set)
    tiles: dict[str, TilePlan] = field(default_factory=dict)

    def of(self, names: Iterable[str]) -> frozenset[str]:
        """The filters that these variables hang on."""
        return frozenset().union(*(self.hangs_on.get(name, frozenset()) for name in names))


def plan_of(
    cells: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any], filters: Iterable[str]
) -> Plan:
    """Plan the tiles of a checked notebook's cells; `parameters` are its defaults, `filters` the names among them."""
    known = frozenset(filters)
    state = _Following(parameters, known, {name: frozenset({name}) for name in known})
    for number, cell in enumerate(cells, start=1):
        tags = tags_of(cell)
        if cell["cell_type"] != "code" or not cell["source"].strip() or "parameters" in tags:
            continue
        made = _follow(state, number, cell)
        if not tags & HIDDEN_TAGS:
            state.tiles[made.id] = made
            if made.kind == PYTHON:
                state.python |= set(made.filters)
    return Plan(state.tiles, tuple(sorted(state.python)))


def _follow(state: _Following, number: int, cell: Mapping[str, Any]) -> TilePlan:
    source, identifier = cell["source"], id_of(cell, number)
    if _SQL.match(source):
        return _sql(state, number, identifier, source, "id" in cell)
    if _OTHER_SQL.match(source):
        return _drawn_by_python(state, identifier, source)
    tree = _parsed(_HARMLESS.sub("", source))
    if tree is None:
        return _opaque(state, number, identifier)
    frame = _charted(tree)
    if frame in state.frames and "id" in cell:
        filters = tuple(sorted(state.hangs_on[frame]))
        return TilePlan(identifier, CHART, filters, state.frames[frame])
    return _python(state, number, identifier, tree)


def _drawn_by_python(state: _Following, identifier: str, source: str) -> TilePlan:
    """A chart or an expectation over SQL: what it asks follows from earlier answers, which Python looks at."""
    filters = state.of(
        {*_places(source), *(set(_WORD.findall(source)) & (state.set_by.keys() | state.frames.keys()))}
    )
    filters |= state.of(state.kept & set(_WORD.findall(source)))
    state.python |= filters
    kind = source.split(None, 1)[0]
    reason = f"{kind} chooses in Python what to ask. Charts of a frame (%%sql name <<, then alt.Chart(name)) need none."
    return TilePlan(identifier, PYTHON, tuple(sorted(filters)), reason=reason)


def _places(text: str) -> set[str]:
    return {*places_of(text), *_PLACES.findall(text)}


def _sql(state: _Following, number: int, identifier: str, source: str, named: bool) -> TilePlan:
    names, words = _places(source), set(_WORD.findall(source))
    filters, frame = state.of(names | (state.kept & words)), frame_of(source)
    why = (
        _not_by_sql(state, names, source) if named else "Save the notebook in today's format (nbformat 4.5)."
    )
    if built_on := sorted(state.kept & words):
        why = why or f"Its SQL is built on the saved query {built_on[0]}."
    if kept := kept_by(source):
        state.kept.add(kept)
        state.hangs_on[kept] = filters
    if frame:
        state.hangs_on[frame] = filters
        state.frames.pop(frame, None)
        state.set_by.pop(frame, None)
        if not why:
            state.frames[frame] = identifier
        else:
            state.set_by[frame] = number
    if why or frame:  # a frame is no tile
        if why:
            state.python |= filters
        return TilePlan(identifier, PYTHON, tuple(sorted(filters)) if why else (), reason=why)
    return TilePlan(identifier, TABLE, tuple(sorted(filters)), identifier)


def _not_by_sql(state: _Following, names: Iterable[str], source: str) -> str:
    if state.opaque:
        return f"Cell {state.opaque} could change what its SQL is given."
    for name in sorted(names):
        if name not in state.parameters:
            where = f", which Python sets in cell {state.set_by[name]}" if name in state.set_by else ""
            return f"Its SQL uses {name}{where or ', which is no parameter of the notebook'}."
        if name in state.set_by:
            return f"Its SQL uses {name}, which Python changes in cell {state.set_by[name]}."
    try:
        asked_by(source, state.parameters)
    except Invalid as error:
        return error.message
    return ""


def _opaque(state: _Following, number: int, identifier: str) -> TilePlan:
    """A cell that could read and change anything."""
    state.opaque = state.opaque or number
    state.python |= state.filters
    state.frames.clear()
    reason = "The cell is run by Python, and what it uses cannot be told from its text."
    return TilePlan(identifier, PYTHON, tuple(sorted(state.filters)), reason=reason)


def _parsed(source: str) -> ast.Module | None:
    """The cell as Python; nothing for one that has magics, or could reach variables without naming them."""
    if _MAGIC.search(source):
        return None
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in _ANYTHING:
            return None
        if isinstance(node, ast.ImportFrom) and any(one.name == "*" for one in node.names):
            return None
        if isinstance(node, ast.Attribute) and node.attr in {"user_ns", "__globals__", "__dict__"}:
            return None
    return tree


def _charted(tree: ast.Module) -> str:
    """The one frame that a cell draws, when it is `alt.Chart(frame)` with methods and constants alone; else nothing."""
    *before, last = tree.body or [ast.Pass()]
    if not isinstance(last, ast.Expr) or not all(isinstance(one, ast.Import) for one in before):
        return ""
    if any(one.name != "altair" for statement in before for one in statement.names):  # type: ignore[attr-defined]
        return ""
    frames = [one for node in ast.walk(last) if (one := _chart_of(node))]
    loaded = [node.id for node in ast.walk(last) if isinstance(node, ast.Name)]
    strange = [
        node for node in ast.walk(last) if isinstance(node, (ast.Lambda, ast.NamedExpr, ast.comprehension))
    ]
    if len(set(frames)) != 1 or strange or not isinstance(last.value, ast.Call):
        return ""
    names = set(loaded) - _CHARTS
    return frames[0] if names == {frames[0]} and loaded.count(frames[0]) == len(frames) else ""


def _chart_of(node: ast.AST) -> str:
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id="alt" | "altair"), attr="Chart"), args=[ast.Name(id=name)]
        ):
            return name
    return ""


def _python(state: _Following, number: int, identifier: str, tree: ast.Module) -> TilePlan:
    read, written = _names(tree, state.kept)
    imported = _imported(tree)
    filters = state.of(read)
    state.python |= filters
    for name in read & state.frames.keys():  # Python may change a frame that it is given
        del state.frames[name]
        state.set_by[name] = number
    for name in written:
        state.hangs_on[name] = filters
        state.set_by[name] = number
        state.frames.pop(name, None)
    for name in imported:  # a module is the same whatever is chosen
        state.hangs_on[name] = frozenset()
        state.set_by[name] = number
        state.frames.pop(name, None)
    touched = sorted(name for name in read - written if state.hangs_on.get(name))
    reason = "The cell is Python code" + (f" that works on {', '.join(touched[:4])}." if touched else ".")
    return TilePlan(identifier, PYTHON, tuple(sorted(filters)), reason=reason)


def _imported(tree: ast.Module) -> set[str]:
    aliases = [node for node in ast.walk(tree) if isinstance(node, ast.alias)]
    return {one.asname or one.name.partition(".")[0] for one in aliases}


def _names(tree: ast.Module, kept: set[str]) -> tuple[set[str], set[str]]:
    """The variables that code reads, those inside SQL in its texts among them, and those that it sets."""
    read: set[str] = set()
    written: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                read.add(name)
            case ast.Name(id=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                written.add(name)
            case ast.AsyncFunctionDef(name=name) | ast.ExceptHandler(name=str(name)):
                written.add(name)
            case ast.Constant(value=str(text)):
                read |= _places(text) | (kept & set(_WORD.findall(text)))
            case ast.AugAssign(target=ast.Name(id=name)):
                read.add(name)
    return read, written
