"""Keeps what a kernel would send to its clients while a notebook runs in the template."""

from __future__ import annotations

import io
from typing import Any

from jupyter_client.session import Session

from notehouse_core.kernel_connection import OutputBudget

Message = dict[str, Any]

MOST_OUTPUT = 64 * 2**20  # bytes of a notebook's outputs, as callers keep of a kernel's
MOST_WAITING = 2**20  # characters that are printed before they become a message


class RecordingSession(Session):
    """A session that sends nothing: its messages wait to be taken."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.streams: list[RecordedStream] = []
        self._messages: list[Message] = []
        self._budget = OutputBudget(MOST_OUTPUT)

    def send(
        self, _stream: Any, msg_or_type: Any, content: Any = None, parent: Any = None,
        ident: Any = None, buffers: Any = None, track: bool = False, header: Any = None, metadata: Any = None,
    ) -> Message:  # fmt: skip
        """Keep a message as a client would get it, behind what was printed before it."""
        for stream in self.streams:
            stream.flush()
        made = isinstance(msg_or_type, dict)
        message: Message = msg_or_type if made else self.msg(msg_or_type, content, parent, header, metadata)
        content = self.pack(message["content"])
        kept = {**message, "content": self.unpack(content)}
        kept["buffers"] = [bytes(one) for one in buffers or message.get("buffers") or ()]
        if (admitted := self._budget.admit(kept, len(content) + sum(map(len, kept["buffers"])))) is not None:
            self._messages.append(admitted)
        return message

    def take(self) -> list[Message]:
        """Return the messages since the last time."""
        for stream in self.streams:
            stream.flush()
        taken, self._messages = self._messages, []
        return taken


class RecordedStream(io.TextIOBase):
    """Standard output of a notebook: recorded in the template, the kernel's own after a fork."""

    def __init__(self, name: str, session: RecordingSession, parent: Any) -> None:
        super().__init__()
        self.name = name
        self.become: Any = None
        self._session, self._parent = session, parent
        self._waiting: list[str] = []
        self._length = 0

    def write(self, text: str) -> int:
        """Keep a text."""
        if self.become is not None:
            return int(self.become.write(text))
        self._waiting.append(text)
        self._length += len(text)
        if self._length > MOST_WAITING:
            self.flush()
        return len(text)

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def flush(self) -> None:
        """Make one message of what was written since the last."""
        if self.become is not None:
            self.become.flush()
        elif self._waiting:
            text, self._waiting, self._length = "".join(self._waiting), [], 0
            self._session.send(None, "stream", {"name": self.name, "text": text}, self._parent())
