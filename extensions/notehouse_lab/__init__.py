"""JupyterLab's Notehouse panel and dialogs: the built front end, and the route through which it calls the API."""

from __future__ import annotations

from jupyter_server.serverapp import ServerApp

from notehouse_lab.forward import load


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextensions/notehouse-lab", "dest": "notehouse-lab"}]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "notehouse_lab"}]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    load(server)
