"""One websocket to one remote kernel, and the channels that read from it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from queue import Empty
from typing import Any

from jupyter_client.jsonutil import extract_dates
from jupyter_client.session import Session
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, websocket_connect

Message = dict[str, Any]

PROTOCOL = "v1.kernel.websocket.jupyter.org"
CHANNELS = ("shell", "iopub", "stdin", "control")
OFFSET_BYTES = 8
MAX_MESSAGE_BYTES = 96 * 2**20  # tornado reads at most 100 MiB; gateways cut outputs far below
OUTPUT_TYPES = frozenset({"stream", "display_data", "update_display_data", "execute_result", "error"})


class RemoteChannel:
    """One of a kernel's channels as a queue, with the methods that jupyter_client's users call."""

    def __init__(self, name: str, connection: KernelConnection) -> None:
        self.name = name
        self._connection = connection
        self._queue: asyncio.Queue[Message] = asyncio.Queue()

    def put(self, message: Message) -> None:
        """Add a message that arrived for this channel."""
        self._queue.put_nowait(message)

    async def get_msg(self, timeout: float | None = None) -> Message:  # noqa: ASYNC109 (its callers' word)
        """Return the next message; raises queue.Empty after `timeout` seconds.

        With no timeout it waits for ever, also on a lost connection, as a ZeroMQ channel does; the client's
        `is_alive` tells which it is.
        """
        if timeout is None:
            return await self._queue.get()
        try:
            return await asyncio.wait_for(self._queue.get(), timeout)
        except TimeoutError:
            raise Empty from None

    async def get_msgs(self) -> list[Message]:
        """Return what has arrived and was not read yet."""
        return [self._queue.get_nowait() for _ in range(self._queue.qsize())]

    async def msg_ready(self) -> bool:
        """Tell whether a message waits to be read."""
        return not self._queue.empty()

    def send(self, message: Message) -> None:
        """Send a message to the kernel on this channel."""
        self._connection.send(self.name, message)

    def start(self) -> None:
        """Nothing to do: the connection opened the channel."""

    def stop(self) -> None:
        """Nothing to do: the connection closes the channel."""

    def is_alive(self) -> bool:
        """Tell whether the connection under this channel is open."""
        return self._connection.is_open

    def is_beating(self) -> bool:
        """Tell the same, by the name that a heartbeat channel has."""
        return self._connection.is_open


@dataclass
class OutputBudget:
    """How many bytes of output one connection takes; the rest is dropped, with one line that says so."""

    limit: int
    used: int = 0
    told: bool = False

    def admit(self, message: Message, size: int) -> Message | None:
        """Return the message, the line that stands for all that is dropped from here on, or nothing."""
        if message["msg_type"] not in OUTPUT_TYPES:
            return message
        self.used += size
        if self.used <= self.limit or message["msg_type"] == "error":
            return message
        if self.told:
            return None
        self.told = True
        return self._notice(message)

    def _notice(self, message: Message) -> Message:
        text = (
            f"\nOutput stopped here: this notebook wrote more than {self.limit // 2**20} MiB. "
            "Write less, or ask an administrator to raise the limit on output.\n"
        )
        header = {**message["header"], "msg_type": "stream"}
        return {
            **message,
            "header": header,
            "msg_type": "stream",
            "content": {"name": "stderr", "text": text},
            "buffers": [],
        }


class KernelConnection:
    """A websocket in Jupyter's binary protocol; hands each message to the queue of its channel."""

    def __init__(self, url: str, headers: Mapping[str, str], session: Session, output_limit: int) -> None:
        self._url = url
        self._headers = dict(headers)
        self._session = session
        self._budget = OutputBudget(output_limit)
        self._socket: WebSocketClientConnection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = asyncio.Event()
        self.channels = {name: RemoteChannel(name, self) for name in CHANNELS}

    async def open(self, seconds: float) -> None:
        """Connect within `seconds`; raises tornado's HTTPError or OSError."""
        request = HTTPRequest(
            f"{self._url}?session_id={self._session.session}",
            headers=self._headers,
            connect_timeout=seconds,
            request_timeout=seconds,
        )
        self._loop = asyncio.get_running_loop()
        self._socket = await websocket_connect(
            request,
            on_message_callback=self._on_message,
            subprotocols=[PROTOCOL],
            max_message_size=MAX_MESSAGE_BYTES,
        )
        if self._socket.protocol is not None:
            self._socket.protocol.set_nodelay(
                True
            )  # small messages one after another, none of which may wait

    @property
    def is_open(self) -> bool:
        """Tell whether the kernel at the other end can still be heard."""
        return self._socket is not None and not self._closed.is_set()

    def close(self) -> None:
        """Close the websocket; messages that were not read stay readable."""
        self._closed.set()
        if self._socket is not None:
            self._socket.close()

    async def wait_closed(self) -> None:
        """Return when the connection is gone, whoever ended it."""
        await self._closed.wait()

    def send(self, channel: str, message: Message) -> None:
        """Queue a message for the kernel; a connection that is gone shows in `is_open`, as with ZeroMQ."""
        if self._loop is None or self._closed.is_set():
            return
        frame = encode(self._session, channel, message)
        if self._loop.is_running():
            self._write(frame)
        else:  # a synchronous caller such as papermill: written when its loop turns next
            self._loop.call_soon(self._write, frame)

    def _write(self, frame: bytes) -> None:
        if self._socket is None:
            return
        try:
            sent = self._socket.write_message(frame, binary=True)
        except WebSocketClosedError:
            self._closed.set()
        else:
            sent.add_done_callback(self._on_sent)

    def _on_sent(self, sent: asyncio.Future[None]) -> None:
        if sent.cancelled() or sent.exception() is not None:
            self._closed.set()

    def _on_message(self, frame: str | bytes | None) -> None:
        if frame is None:
            self._closed.set()
            return
        if isinstance(frame, str):
            return  # only the binary protocol was asked for; a text frame is none of ours
        channel, message = decode(self._session, frame)
        if _says_dead(message):
            self._closed.set()
        self._deliver(channel, message, len(frame))

    def _deliver(self, channel: str, message: Message, size: int) -> None:
        admitted = self._budget.admit(message, size) if channel == "iopub" else message
        if admitted is not None and channel in self.channels:
            self.channels[channel].put(admitted)


def encode(session: Session, channel: str, message: Message) -> bytes:
    """Make the websocket frame of a message."""
    parts = [session.pack(message[name]) for name in ("header", "parent_header", "metadata", "content")]
    return pack_frame(channel, [*parts, *(bytes(buffer) for buffer in message.get("buffers") or ())])


def decode(session: Session, frame: bytes) -> tuple[str, Message]:
    """Read a websocket frame: the channel and the message."""
    channel, parts = unpack_frame(frame)
    header, parent, metadata, content = (session.unpack(part) for part in parts[:4])
    header = extract_dates(header)
    return channel, {
        "header": header,
        "msg_id": header["msg_id"],
        "msg_type": header["msg_type"],
        "parent_header": extract_dates(parent),
        "metadata": metadata,
        "content": content,
        "buffers": parts[4:],
    }


def pack_frame(channel: str, parts: Sequence[bytes]) -> bytes:
    """Lay out a frame of the v1 protocol: count of offsets, offsets (64 bits each), channel, parts."""
    pieces = [channel.encode(), *parts]
    start = OFFSET_BYTES * (len(pieces) + 2)
    offsets = list(accumulate(map(len, pieces), initial=start))
    numbers = [len(offsets), *offsets]
    return b"".join([*(number.to_bytes(OFFSET_BYTES, "little") for number in numbers), *pieces])


def unpack_frame(frame: bytes) -> tuple[str, list[bytes]]:
    """Read a frame of the v1 protocol: the channel and the parts."""
    count = int.from_bytes(frame[:OFFSET_BYTES], "little")
    offsets = [
        int.from_bytes(frame[OFFSET_BYTES * (i + 1) : OFFSET_BYTES * (i + 2)], "little") for i in range(count)
    ]
    channel, *parts = (frame[start:end] for start, end in pairwise(offsets))
    return channel.decode(), parts


def _says_dead(message: Message) -> bool:
    return bool(message["msg_type"] == "status" and message["content"].get("execution_state") == "dead")
