"""What is kept of a run: the executed notebook, and the page people read."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from notehouse_core.artifacts import ArtifactStore
from notehouse_core.report_page import page_of

NOTEBOOK, PAGE = "notebook.ipynb", "report.html"
_TYPES = {NOTEBOOK: "application/x-ipynb+json", PAGE: "text/html; charset=utf-8"}


async def keep(executed: Path, title: str, artifacts: ArtifactStore) -> list[dict[str, Any]]:
    """Store what an execution has left, also a failed one's; the list that a run's row holds."""
    return await asyncio.to_thread(_keep, executed, title, artifacts)


def _keep(executed: Path, title: str, artifacts: ArtifactStore) -> list[dict[str, Any]]:
    if not executed.exists():
        return []
    content = executed.read_bytes()
    page = page_of(content.decode(), title).encode()
    return [_kept(NOTEBOOK, content, artifacts), _kept(PAGE, page, artifacts)]


def _kept(name: str, content: bytes, artifacts: ArtifactStore) -> dict[str, Any]:
    return {"name": name, "type": _TYPES[name], "bytes": len(content), "key": artifacts.put(content)}
