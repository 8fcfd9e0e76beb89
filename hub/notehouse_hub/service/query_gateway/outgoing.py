"""The way to one client: a large piece goes into its socket at once, as far as that takes it, and is not copied for that."""

import asyncio
import contextlib
import os

LARGE = 64 * 2**10  # bytes; smaller pieces leave together, when the loop comes to it


class Outgoing:
    """Writes to a transport, or past it while nothing waits there."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        socket = transport.get_extra_info("socket")
        plain = transport.get_extra_info("sslcontext") is None
        self._descriptor = socket.fileno() if socket is not None and plain else None

    def write(self, data: bytes | memoryview) -> None:
        """Send bytes; those of a view may change when this has returned."""
        sent = self._sent_at_once(data) if len(data) >= LARGE else 0
        if sent < len(data):
            self._transport.write(bytes(data[sent:]))

    def _sent_at_once(self, data: bytes | memoryview) -> int:
        waits = self._transport.get_write_buffer_size() > 0
        if self._descriptor is None or waits or self._transport.is_closing():
            return 0
        # It takes nothing now, or the client has gone: the transport finds out which.
        with contextlib.suppress(BlockingIOError, ConnectionError):
            return os.write(self._descriptor, data)
        return 0
