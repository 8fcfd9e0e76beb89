"""The websocket of a kernel, with a bound on a single output."""

from __future__ import annotations

from typing import Any

from jupyter_server.services.kernels.connection.base import serialize_msg_to_ws_v1
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

MEBIBYTE = 2**20
MAX_OUTPUT = 32 * MEBIBYTE
KEPT_TEXT = MEBIBYTE


class BoundedConnection(ZMQChannelsWebsocketConnection):
    """Sends everything but outputs too large for any page: of those the beginning, and a line that says so.

    ipykernel joins what a cell prints within a moment to one message; unbounded, it would end the websocket.
    """

    def connect(self) -> Any:
        """Connect, and send each message at once: many small ones would else wait for the other end's say, 40 ms each."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()

    def handle_outgoing_message(self, stream: Any, outgoing_msg: list[Any]) -> None:
        """Pass a message of the kernel on."""
        size = sum(map(len, outgoing_msg))
        if size > MAX_OUTPUT and getattr(stream, "channel", stream) == "iopub":
            self._send_beginning(outgoing_msg, size)
        else:
            super().handle_outgoing_message(stream, outgoing_msg)

    def _send_beginning(self, outgoing_msg: list[Any], size: int) -> None:
        _, parts = self.session.feed_identities(outgoing_msg)
        message = self.session.deserialize(parts)
        text = f"{beginning(message)}\n{notice(size)}\n"
        content = {"name": "stderr", "text": text}
        shortened = self.session.msg("stream", content=content, parent=message["parent_header"])
        frame = serialize_msg_to_ws_v1(shortened, "iopub", self.session.pack)  # type: ignore[no-untyped-call]
        self.write_message(frame, binary=True)


def beginning(message: dict[str, Any]) -> str:
    """Return the first part of printed text; of other outputs nothing, since a part of them is of no use."""
    return str(message["content"]["text"][:KEPT_TEXT]) if message["msg_type"] == "stream" else ""


def notice(size: int) -> str:
    """Return the line that stands for what was dropped."""
    return f"One output of {size // MEBIBYTE} MiB was cut here: the limit is {MAX_OUTPUT // MEBIBYTE} MiB."
