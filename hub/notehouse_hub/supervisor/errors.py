"""Why a start is refused, each in words that say what to do."""

from notehouse_core.errors import NotehouseError


class SupervisorError(NotehouseError):
    """The platform cannot be started, or not kept running."""


class StartRefusedError(SupervisorError):
    """Something about this machine or data folder must change first."""


class ProcessFailedError(SupervisorError):
    """A process ended, or did not become ready in time, during the first start."""
