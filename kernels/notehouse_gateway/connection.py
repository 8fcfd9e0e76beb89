"""The websocket of a kernel, with bounds on what a kernel may send and on what waits to be read."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyter_server.services.kernels.connection.base import serialize_msg_to_ws_v1
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

from notehouse_gateway.output_rate import LEAST, MAX_OUTPUT, MEBIBYTE, OutputRate, notice_of_large

KEPT_TEXT = MEBIBYTE
MOST_WAITING = MAX_OUTPUT  # bytes that the other end has not read yet
TOLERATED = 4  # times the rate that a kernel keeps itself to
DROPPED = "\nOutput was dropped here: it came faster than it was read.\n"


class BoundedConnection(ZMQChannelsWebsocketConnection):
    """Sends everything but outputs too large for any page: of those the beginning, and a line that says so.

    Nor does it keep outputs that nobody reads, and it ends a kernel that sends more than its rate.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._waiting = 0
        self._dropped = False
        megabytes = self.multi_kernel_manager.kernel_output_megabytes_per_second
        self._rate = OutputRate(TOLERATED * megabytes) if megabytes else None

    def connect(self) -> Any:
        """Connect, and send each message at once: many small ones would else wait for the other end's say, 40 ms each."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()

    @property
    def write_message(self) -> Any:
        """Return what sends a message and counts it until it is sent."""
        return self._send

    def _send(self, message: Any, binary: bool = False) -> Any:
        sent = self.websocket_handler.write_message(message, binary=binary)
        size = len(message)
        self._waiting += size

        def done(outcome: asyncio.Future[None]) -> None:
            self._waiting -= size
            outcome.exception()  # a connection that is gone is closed by its handler

        asyncio.ensure_future(sent).add_done_callback(done)
        return sent

    def handle_outgoing_message(self, stream: Any, outgoing_msg: list[Any]) -> None:
        """Pass a message of the kernel on."""
        if getattr(stream, "channel", stream) != "iopub":
            super().handle_outgoing_message(stream, outgoing_msg)
            return
        size = sum(map(len, outgoing_msg))
        if self._floods(size):
            return
        if self._waiting > MOST_WAITING and self._is_output(outgoing_msg):
            if not self._dropped:
                self._dropped = True
                self._send_instead(outgoing_msg, DROPPED)
        elif size > MAX_OUTPUT:
            self._send_beginning(outgoing_msg, size)
        else:
            self._dropped = False
            super().handle_outgoing_message(stream, outgoing_msg)

    def _floods(self, size: int) -> bool:
        """Count a message; a kernel whose messages are far too many ends, and none of them is of use."""
        if self._rate is None:
            return False
        self._rate.take(max(size, LEAST))
        if self._rate.room() >= 0:
            return False
        self.multi_kernel_manager.end_flooding(self.kernel_id)
        return True

    def _is_output(self, outgoing_msg: list[Any]) -> bool:
        """Tell whether a message is one that a caller can do without: no state, no error."""
        _, parts = self.session.feed_identities(outgoing_msg)
        return self.session.unpack(parts[1])["msg_type"] not in ("status", "error", "execute_input")

    def _send_beginning(self, outgoing_msg: list[Any], size: int) -> None:
        _, parts = self.session.feed_identities(outgoing_msg)
        message = self.session.deserialize(parts)
        self._send_instead(outgoing_msg, f"{beginning(message)}\n{notice_of_large(size)}\n")

    def _send_instead(self, outgoing_msg: list[Any], text: str) -> None:
        _, parts = self.session.feed_identities(outgoing_msg)
        content = {"name": "stderr", "text": text}
        shortened = self.session.msg("stream", content=content, parent=self.session.unpack(parts[2]))
        frame = serialize_msg_to_ws_v1(shortened, "iopub", self.session.pack)  # type: ignore[no-untyped-call]
        self.write_message(frame, binary=True)


def beginning(message: dict[str, Any]) -> str:
    """Return the first part of printed text; of other outputs nothing, since a part of them is of no use."""
    return str(message["content"]["text"][:KEPT_TEXT]) if message["msg_type"] == "stream" else ""
