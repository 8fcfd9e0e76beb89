"""Errors of starting a server that the person in front of it reads."""

from notehouse_core.errors import Unavailable


class ServerRefusedError(Unavailable):
    """A server may not be started; the Hub shows the message on the page."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.jupyterhub_message = message
