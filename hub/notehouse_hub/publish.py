"""`notehouse publish`: a notebook becomes a version of a dashboard, as who you are."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import typer

from notehouse_core import errors
from notehouse_core.client import ApiClient
from notehouse_core.settings import load_settings

_POLL = 1.0  # seconds between two looks at the state
_PATIENCE = 900.0


def publish(notebook: Path, slug: str | None, name: str | None, tenant: str | None, message: str) -> None:
    """Publish, wait for the snapshots, and say where the dashboard is. Raises NotehouseError with the reason."""
    content = _read(notebook)
    chosen = slug or slug_of(notebook)
    with api_client() as api:
        dashboard = _dashboard(api, chosen, name or _title(content) or notebook.stem, tenant)
        reference = dashboard["id"]
        version = api.call(
            "POST", f"dashboards/{reference}/versions", {"notebook": content, "message": message}
        )
        typer.echo(f"Version {version['number']} of {dashboard['name']} is stored; rendering ...")
        _wait(api, reference, version["number"])
    typer.echo(f"Published: {load_settings().base_url}{dashboard['url']}")


def slug_of(notebook: Path) -> str:
    """An address made of a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", notebook.stem.lower()).strip("-")[:63] or "dashboard"


def _read(notebook: Path) -> dict[str, Any]:
    try:
        content = json.loads(notebook.read_text())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise errors.Invalid(
            f"{notebook} is not a notebook: {error}. Open and save it in JupyterLab."
        ) from error
    if not isinstance(content, dict):
        raise errors.Invalid(f"{notebook} is not a notebook: its JSON is not an object.")
    return content


def _title(content: dict[str, Any]) -> str:
    """The notebook's first heading."""
    for cell in content.get("cells", []):
        source = "".join(cell.get("source", "")) if isinstance(cell, dict) else ""
        if isinstance(cell, dict) and cell.get("cell_type") == "markdown" and source.startswith("# "):
            return source.splitlines()[0].removeprefix("# ").strip()
    return ""


def api_client() -> ApiClient:
    """The API, with the identity of this JupyterLab server or a Hub token of one's own."""
    token = os.environ.get("JUPYTERHUB_API_TOKEN") or os.environ.get("NOTEHOUSE_HUB_TOKEN")
    if not token:
        raise errors.Unauthenticated(
            "Publish from a terminal in JupyterLab, or set NOTEHOUSE_HUB_TOKEN (a token from the Hub's token "
            "page) and NOTEHOUSE_API_URL."
        )
    return ApiClient(load_settings().api, token)


def _dashboard(api: ApiClient, slug: str, name: str, tenant: str | None) -> dict[str, Any]:
    """The dashboard of this slug, made if there is none."""
    found = api.call("GET", "dashboards", search=slug, limit=200)["items"]
    for one in found:
        if one["slug"] == slug and tenant in {None, one["tenant"]}:
            return dict(one)
    return dict(api.call("POST", "dashboards", {"slug": slug, "name": name, "tenant": tenant}))


def _wait(api: ApiClient, reference: str, number: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        version = api.call("GET", f"dashboards/{reference}/versions/{number}")
        if version["state"] == "ready":
            return
        if version["state"] == "failed":
            raise errors.Invalid(_why(version["error"] or {}))
        time.sleep(_POLL)
    raise errors.SourceTimeout(
        f"Version {number} was not rendered in {_PATIENCE:.0f} s; it goes on by itself."
    )


def _why(error: dict[str, Any]) -> str:
    where = f" in cell {error['cell']}" if error.get("cell") is not None else ""
    return (
        f"The notebook failed{where}: {error.get('name', 'error')}: {error.get('message', 'no reason given')}"
    )
