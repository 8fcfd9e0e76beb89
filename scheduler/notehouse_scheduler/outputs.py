"""What is kept of a run: the executed notebook, and the page people read."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import nbformat
from nbconvert import HTMLExporter

from notehouse_core.artifacts import ArtifactStore

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


def page_of(notebook: str, title: str) -> str:
    """The notebook as a page without code cells; nothing in it is fetched from anywhere."""
    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        template_name="lab", exclude_input=True, exclude_input_prompt=True, exclude_output_prompt=True
    )
    exporter.mathjax_url = exporter.require_js_url = exporter.jquery_url = exporter.mermaid_js_url = ""
    node = nbformat.reads(notebook, as_version=4)  # type: ignore[no-untyped-call]
    page, _ = exporter.from_notebook_node(node, resources={"metadata": {"name": title}})
    return str(page)
