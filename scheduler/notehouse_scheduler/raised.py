"""What has a notebook that watches raised? It says so by an output of a type of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from notehouse_core.alerting import MOST_EVIDENCE, Finding
from notehouse_scheduler.order import RunError

MIME = "application/vnd.notehouse.alert+json"


def findings_of(executed: Path, error: RunError | None) -> dict[str, Finding]:
    """The findings of an executed notebook, one a group; one that failed could not look."""
    if error is not None:
        where = f"Cell {error.cell}: " if error.cell else ""
        return {"": Finding("error", error=f"{where}{error.name}: {error.message}")}
    content = json.loads(executed.read_text()) if executed.exists() else {}
    raised = [output["data"][MIME] for output in _outputs(content) if MIME in output.get("data", {})]
    found = {str(one.get("group", ""))[:500]: _finding(one) for one in raised if isinstance(one, dict)}
    return found or {"": Finding("normal")}


def _outputs(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [output for cell in content.get("cells", []) for output in cell.get("outputs", [])]


def _finding(one: dict[str, Any]) -> Finding:
    value, rows = one.get("value"), one.get("rows", [])
    shown = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    number = float(value) if isinstance(value, (int, float)) else None
    said = ({"message": str(one["message"])[:1000]},) if one.get("message") else ()
    return Finding(
        "firing", number, (*said, *shown[:MOST_EVIDENCE]) if not shown else tuple(shown[:MOST_EVIDENCE])
    )
