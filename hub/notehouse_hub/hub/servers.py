"""What is a server, wherever it runs? A JupyterLab server for a person, a kernel gateway for a service user."""

from __future__ import annotations

from notehouse_core.settings import Settings
from notehouse_hub.hub.roles import is_gateway

SERVER = "notehouse_gateway.lab_server"
GATEWAY = "notehouse_gateway.app"
# Deprecated twins of what servers read under its present name.
DROPPED = ("JPY_API_TOKEN", "JUPYTERHUB_OAUTH_SCOPES")


def command(python: str, name: str, settings: Settings) -> list[str]:
    """Return what is executed for a Hub user."""
    if not is_gateway(name):
        return [python, "-m", SERVER]
    return [python, "-m", GATEWAY, f"--KernelGatewayApp.max_kernels={settings.kernels_per_gateway}"]


def addresses(settings: Settings) -> dict[str, str]:
    """Return what a server's environment says of where data is reached."""
    return {"NOTEHOUSE_QUERY_URL": settings.query, "NOTEHOUSE_API_URL": settings.api}
