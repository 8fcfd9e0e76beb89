"""Why a start is refused, each in words that say what to do."""

from notehouse_core.errors import NotehouseError


class SupervisorError(NotehouseError):
    """The platform cannot be started, or not kept running."""


class Wrong(SupervisorError):
    """Something is not as it should be; `todo` says what to do."""

    def __init__(self, message: str, todo: str) -> None:
        super().__init__(message)
        self.todo = todo


class StartRefusedError(SupervisorError):
    """Something about this machine or data folder must change first."""


class ProcessFailedError(SupervisorError):
    """A process ended, or did not become ready in time, during the first start."""
