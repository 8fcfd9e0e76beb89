"""What is a server, wherever it runs? A JupyterLab server for a person, a kernel gateway for a service user."""

from __future__ import annotations

from notehouse_core.settings import Settings
from notehouse_hub.hub.roles import is_gateway

SERVER = "notehouse_gateway.lab_server"
GATEWAY = "notehouse_gateway.app"
MOST_SECONDS = 300  # between two signs of life
# Deprecated twins of what servers read under its present name.
DROPPED = ("JPY_API_TOKEN", "JUPYTERHUB_OAUTH_SCOPES")


def command(python: str, name: str, settings: Settings) -> list[str]:
    """Return what is executed for a Hub user."""
    if not is_gateway(name):
        return [python, "-m", SERVER, *_culling(settings.cull_kernel_seconds)]
    return [python, "-m", GATEWAY, f"--KernelGatewayApp.max_kernels={settings.kernels_per_gateway}"]


def environment(settings: Settings) -> dict[str, str]:
    """Return what a server's environment says of where data is reached, and how often to give a sign of life."""
    return {
        "NOTEHOUSE_QUERY_URL": settings.query,
        "NOTEHOUSE_API_URL": settings.api,
        "JUPYTERHUB_ACTIVITY_INTERVAL": str(activity_seconds(settings)),
    }


def activity_seconds(settings: Settings) -> int:
    """Return how often a server tells the Hub that it is used: often enough for the culler to know in time."""
    limits = [limit for limit in (settings.cull_idle_seconds, settings.cull_gateway_seconds) if limit]
    return max(1, min([MOST_SECONDS, *(limit // 4 for limit in limits)]))


def _culling(seconds: int) -> list[str]:
    """End kernels that are idle and that nobody is connected to; busy ones never."""
    every = max(1, min(MOST_SECONDS, seconds // 4))
    return [
        f"--MappingKernelManager.cull_idle_timeout={seconds}",
        f"--MappingKernelManager.cull_interval={every}",
    ]
