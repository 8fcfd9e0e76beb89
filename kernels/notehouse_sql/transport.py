"""One statement's answer over a connection of its own, read as a file, so that large answers are copied once."""

from __future__ import annotations

import http.client
import io
import select
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

CONNECT_SECONDS = 5
_BUFFER = 64 * 2**10


class Patience:
    """Tells once that an answer takes longer than some seconds; whoever gets it sooner pays for no thread."""

    def __init__(self, seconds: float, tell: Callable[[], None]) -> None:
        self._left_at = time.monotonic() + seconds
        self._tell: Callable[[], None] | None = tell

    def until_readable(self, connection: socket.socket) -> None:
        """Wait for bytes of a socket, no longer than the patience lasts."""
        if self._tell is None:
            return
        left = self._left_at - time.monotonic()
        if left > 0 and (_deciphered(connection) or select.select([connection], [], [], left)[0]):
            return
        tell, self._tell = self._tell, None
        tell()


@contextmanager
def posted(
    url: str,
    path: str,
    parameters: Mapping[str, str],
    body: bytes,
    headers: Mapping[str, str],
    patience: Patience,
) -> Iterator[http.client.HTTPResponse]:
    """An answer whose head has come, to be read as a file. Raises OSError, HTTPException.

    Leaving the block closes the connection, wherever the answer is.
    """
    address = urlsplit(url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=CONNECT_SECONDS)
    connection.response_class = partial(_Answer, patience)  # type: ignore[assignment]
    try:
        connection.connect()
        connection.sock.settimeout(None)
        target = f"{address.path.rstrip('/')}{path}?{urlencode(parameters)}"
        connection.request("POST", target, body, dict(headers))
        yield connection.getresponse()
    finally:
        connection.close()


class _Answer(http.client.HTTPResponse):
    """An answer that is waited for with patience."""

    def __init__(self, patience: Patience, sock: socket.socket, *rest: Any, **more: Any) -> None:
        super().__init__(sock, *rest, **more)
        self.fp = io.BufferedReader(_Patient(self.fp.detach(), sock, patience), _BUFFER)


class _Patient(io.RawIOBase):
    """The bytes of a socket."""

    def __init__(self, raw: io.RawIOBase, connection: socket.socket, patience: Patience) -> None:
        self._raw, self._connection, self._patience = raw, connection, patience

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Fill a buffer with what comes next."""
        self._patience.until_readable(self._connection)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Let the socket go."""
        self._raw.close()
        super().close()


def _deciphered(connection: socket.socket) -> bool:
    """Say whether bytes of an encrypted connection have been read from it already."""
    pending = getattr(connection, "pending", None)
    return bool(pending and pending())
