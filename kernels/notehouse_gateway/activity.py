"""Is this server at work? A kernel that computes in silence says nothing by itself, and must count all the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Protocol

from tornado.ioloop import PeriodicCallback

LOOK_EVERY = 5.0  # seconds
_NAME = "notehouse_kernels_at_work"


class Server(Protocol):
    """A server of kernels: Jupyter's, or a gateway."""

    kernel_manager: Any
    web_app: Any


def watch(server: Server, *, connected: bool = False) -> None:
    """Tell the Hub of kernels that are busy, with `connected` also of those that somebody is connected to."""

    def look() -> None:
        if at_work(server.kernel_manager, connected=connected):
            server.web_app.settings["last_activity_times"][_NAME] = datetime.now(UTC)

    looking = PeriodicCallback(look, LOOK_EVERY * 1000)
    server.web_app.settings[f"{_NAME}_watch"] = looking  # kept from being forgotten
    looking.start()


def at_work(kernels: Any, *, connected: bool) -> bool:
    """Say whether any kernel is busy, or connected where that counts."""
    models = [kernels.kernel_model(kernel_id) for kernel_id in kernels.list_kernel_ids()]
    return any(
        model["execution_state"] == "busy" or (connected and model["connections"] > 0) for model in models
    )
