"""Several files as one, so that a page asks once: our scripts with what they import, and style sheets in their order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from notehouse_dashboards.front_end import TOGETHER, together

SHELL_STYLE, SHELL_SCRIPT = "together/shell.css", "together/shell.js"
FRAME_STYLE, FRAME_SCRIPT = "together/frame.css", "together/frame.js"
_STYLES = {
    SHELL_STYLE: (("own", "shell/shell.css"), ("own", "shell/tools.css")),
    FRAME_STYLE: (
        ("lab", "theme-light.css"),
        ("lab", "theme-dark.css"),
        ("lab", "index.css"),
        ("own", "frame/frame.css"),
    ),
}
_IN_THE_DARK = "theme-dark.css"
_SCRIPTS = {
    SHELL_SCRIPT: ("shell/shell.js", "shell/tools.js", "shell/watching.js"),
    FRAME_SCRIPT: ("frame/frame.js",),
}
# The two forms that our own scripts use, as our formatter writes them.
_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w.]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:function|class|const) (\w+))", re.MULTILINE)
Folders = Mapping[str, Path]


def bundle(path: str, folders: Folders) -> bytes | None:
    """Return the bundle of a name, or nothing when there is none; `folders` are those that files are served from."""
    if path == TOGETHER:
        return together(folders)
    if path in _STYLES:
        return _style(_STYLES[path], folders)
    return _script(_SCRIPTS[path], folders["own"]) if path in _SCRIPTS else None


def _style(parts: tuple[tuple[str, str], ...], folders: Folders) -> bytes:
    return "\n".join(_sheet(folders[name] / file) for name, file in parts).encode()


def _sheet(file: Path) -> str:
    text = file.read_text()
    return f"@media (prefers-color-scheme: dark) {{\n{text}\n}}" if file.name == _IN_THE_DARK else text


def _script(entries: tuple[str, ...], folder: Path) -> bytes:
    """Modules one after another, each after what it imports, and each with its names to itself."""
    modules: dict[Path, str] = {}
    for entry in entries:
        _collect(folder / entry, modules)
    return "\n".join(modules.values()).encode()


def _collect(file: Path, modules: dict[Path, str]) -> None:
    """Add a module behind those that it imports."""
    if file in modules:
        return
    text = file.read_text()
    for _, other in _IMPORT.findall(text):
        _collect(file.parent / other, modules)
    exported = ", ".join(found for _, found in _EXPORT.findall(text))
    body = _EXPORT.sub(r"\1", _IMPORT.sub(_taken, text))
    modules[file] = f"const _{file.stem} = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();"


def _taken(found: re.Match[str]) -> str:
    return f"const {{{found[1]}}} = _{found[2].removesuffix('.js')};"
