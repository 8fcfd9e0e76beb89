"""`raise_alert`: how a notebook that watches something says that it found it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from IPython.display import display

MIME = "application/vnd.notehouse.alert+json"


def raise_alert(
    message: str, *, value: float | None = None, rows: Iterable[Mapping[str, Any]] = (), group: str = ""
) -> None:
    """Make the alert fire that this notebook is looked at by, once a `group`.

    `value` and `rows` (at most 20 are kept) go into the message as evidence. Anywhere else it only shows a line.
    """
    shown = [{name: _plain(cell) for name, cell in row.items()} for row in rows][:20]
    content = {"message": message, "value": value, "rows": shown, "group": group}
    line = f"Alert{f' [{group}]' if group else ''}: {message}"
    display({MIME: content, "text/plain": line}, raw=True)  # type: ignore[no-untyped-call]


def _plain(cell: Any) -> Any:
    """A cell that JSON can hold: numpy's numbers as Python's, everything else as text."""
    if hasattr(cell, "item"):
        cell = cell.item()
    return cell if isinstance(cell, (int, float, str, bool)) or cell is None else str(cell)
