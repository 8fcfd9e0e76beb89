"""Connections to ClickHouse: one request out, one answer in, bytes passed on as they come.

Nothing here builds objects for a body: the head is read line by line, and of the body only its framing is
followed, to know where the answer ends.
"""

import asyncio
from typing import Protocol, cast
from urllib.parse import urlsplit

from notehouse_hub.service.query_gateway.answer_framing import BodyEnd, NotHttpError, body_end

_BUFFER = 1 << 20
_LARGEST_HEAD = 1 << 20
_IDLE = 20.0  # seconds; ClickHouse closes after 30
_MOST_IDLE = 32


class AnswerSink(Protocol):
    """Who receives an answer."""

    def head_line(self, line: bytes) -> None:
        """Take one line of the head, without its line end; the first is the status line."""

    def head_end(self) -> None:
        """Take the end of the head."""

    def body(self, data: bytes | memoryview) -> None:
        """Take bytes of the body, framing included; those of a view change when this has returned."""

    def end(self) -> None:
        """Take the end of a whole answer."""

    def broken(self, *, answered: bool) -> None:
        """Take the end of a connection before the answer's end; `answered` if any of it had come."""


class Connection(asyncio.BufferedProtocol):
    """One connection to ClickHouse, for one request at a time."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._buffer = memoryview(bytearray(_BUFFER))
        self._sink: AnswerSink | None = None
        self.transport: asyncio.Transport | None = None
        self.used = False
        self.idle_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but its class

    def send(self, request: bytes, sink: AnswerSink) -> None:
        """Send a whole request whose answer goes to `sink`."""
        self._sink = sink
        self._head = bytearray()
        self._lines: list[bytes] = []
        self._end: BodyEnd | None = None
        assert self.transport is not None  # noqa: S101 - connected before it is handed out
        self.transport.write(request)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Lend the buffer."""
        return self._buffer

    def buffer_updated(self, count: int) -> None:
        """Pass on what came."""
        if self._sink is None:
            self.close()
            return
        try:
            came = self._buffer[:count]
            data = came if self._end is not None else self._read_head(bytes(came))
            if data and self._end is not None:
                self._read_body(data)
        except NotHttpError:
            self.close()

    def _read_head(self, data: bytes) -> bytes:
        """Hand out whole lines as they come (progress arrives in them); return what follows the head."""
        assert self._sink is not None  # noqa: S101 - checked by the caller
        self._head += data
        if len(self._head) > _LARGEST_HEAD:
            raise NotHttpError
        while (cut := self._head.find(b"\r\n")) >= 0:
            line = bytes(self._head[:cut])
            del self._head[: cut + 2]
            if not line:
                rest = bytes(self._head)
                self._end = body_end(self._lines)
                self._sink.head_end()
                if self._end.reached:
                    self._finish()
                return rest
            if not line.lower().startswith(b"x-clickhouse-progress:"):
                self._lines.append(line)
            self._sink.head_line(line)
        return b""

    def _read_body(self, data: bytes | memoryview) -> None:
        assert self._sink is not None  # noqa: S101 - checked by the caller
        assert self._end is not None  # noqa: S101 - checked by the caller
        self._end.feed(data)
        self._sink.body(data)
        if self._end.reached:
            self._finish()

    def _finish(self) -> None:
        sink, self._sink = self._sink, None
        assert sink is not None  # noqa: S101 - an answer is being received
        assert self._end is not None  # noqa: S101 - its head has been read
        assert self.transport is not None  # noqa: S101 - over this
        if self._end.reusable and not self.transport.is_closing():
            self.transport.resume_reading()
            self.used = True
            self._pool.give_back(self)
        else:
            self.close()
        sink.end()

    def connection_lost(self, error: Exception | None) -> None:
        """Tell the one who waits."""
        self._pool.forget(self)
        sink, self._sink = self._sink, None
        if sink is None:
            return
        if self._end is not None and self._end.ends_with_connection and error is None:
            sink.end()
        else:
            sink.broken(answered=bool(self._lines or self._head))

    def close(self) -> None:
        """Close at once."""
        if self.transport is not None:
            self.transport.abort()

    def pause(self) -> None:
        """Stop reading until `resume`: the receiver is slower than we are."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()


class Pool:
    """Opens connections to one ClickHouse and keeps some open for the next request."""

    def __init__(self, url: str, patience: float = 6.0) -> None:
        parts = urlsplit(url)
        self.host = parts.hostname or "127.0.0.1"
        self.port = parts.port or (8443 if parts.scheme == "https" else 8123)
        self._tls = parts.scheme == "https"
        self._patience = patience
        self._idle: list[Connection] = []

    async def connection(self, *, fresh: bool = False) -> Connection:
        """Return a connection, waiting some seconds for a ClickHouse that is being started again.

        Raises OSError when it does not come back.
        """
        now = asyncio.get_running_loop().time()
        while self._idle and not fresh:
            connection = self._idle.pop()
            if now - connection.idle_since < _IDLE:
                return connection
            connection.close()
        return await self._open()

    async def _open(self) -> Connection:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        while True:
            try:
                _, connection = await loop.create_connection(
                    lambda: Connection(self), self.host, self.port, ssl=self._tls or None
                )
            except OSError:
                if loop.time() > deadline:
                    raise
                await asyncio.sleep(0.1)
            else:
                return connection

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next request."""
        connection.idle_since = asyncio.get_running_loop().time()
        if len(self._idle) < _MOST_IDLE:
            self._idle.append(connection)
        else:
            connection.close()

    def forget(self, connection: Connection) -> None:
        """Drop a connection that was lost."""
        if connection in self._idle:
            self._idle.remove(connection)

    def close(self) -> None:
        """Close all that is idle."""
        while self._idle:
            self._idle.pop().close()
