"""What readers of notebooks (nbformat 4 as JSON) agree on: how a cell is called, what stands in it, what is hidden. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN_TAGS = frozenset({"parameters", "injected-parameters", "hide", "hidden"})
_HEADING = re.compile(r"^\s*#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)


def id_of(cell: Mapping[str, Any], number: int) -> str:
    """The cell's id, or its number (from 1) in the notebooks of before nbformat 4.5, which have none."""
    return str(cell.get("id", f"cell-{number}"))


def source_of(cell: Mapping[str, Any]) -> str:
    """What stands in a cell, which a file may hold line by line."""
    source = cell.get("source") or ""
    return source if isinstance(source, str) else "".join(source)


def tags_of(cell: Mapping[str, Any]) -> set[str]:
    """The tags of a cell."""
    return set(cell.get("metadata", {}).get("tags", []))


def headings_in(markdown: str) -> list[str]:
    """The headings of a text cell, in their order."""
    return _HEADING.findall(markdown)


def is_told_to_author(output: Mapping[str, Any]) -> bool:
    """Say whether an output is what `%%sql` says of a query to whoever wrote it: readers of a page or a mail do without."""
    return bool(output.get("metadata", {}).get("notehouse") == "told")
