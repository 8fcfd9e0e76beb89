"""Passes one answer of ClickHouse on to a client: the head rewritten, the body as the bytes that came."""

import asyncio
from enum import Enum
from typing import Protocol

_PASSED = (
    b"content-type:", b"content-length:", b"content-encoding:", b"transfer-encoding:", b"date:",
    b"x-clickhouse-query-id:", b"x-clickhouse-format:", b"x-clickhouse-timezone:", b"x-clickhouse-summary:",
    b"x-clickhouse-progress:", b"x-clickhouse-exception-code:", b"x-clickhouse-exception-tag:",
)  # fmt: skip
_PROGRESS = b"x-clickhouse-progress:"
_CODE = b"x-clickhouse-exception-code:"
_UNKNOWN_USER = b"516"  # ClickHouse says the same of a wrong password

# An answer is data, never a page of this origin, whatever a statement writes into it.
GUARDS = (
    b"X-Content-Type-Options: nosniff",
    b"Content-Security-Policy: sandbox; default-src 'none'",
    b"Cache-Control: no-store",
)


class Outcome(Enum):
    """How an answer ended."""

    WHOLE = "whole"
    BROKEN = "broken"  # nothing was passed on, and nothing more comes
    CUT = "cut"  # a part was passed on, and the rest does not come
    NOT_READY = "not ready"  # ClickHouse does not know the user yet, or is not ours yet


class Receiver(Protocol):
    """The client's side."""

    def write(self, data: bytes) -> None:
        """Send bytes to the client."""

    def keeps_alive(self) -> bool:
        """Say whether the connection stays open after this answer."""

    def will_close(self) -> None:
        """Let the connection end with this answer."""


class Relay:
    """One attempt at an answer; nothing reaches the client before it is known to be worth passing on."""

    def __init__(self, receiver: Receiver) -> None:
        self.outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.status = 0
        self.code = 0  # ClickHouse's error code, if it was known before the body
        self.bytes = 0
        self._receiver = receiver
        self._lines: list[bytes] = []
        self._begun = False
        self._dropped = False

    def head_line(self, line: bytes) -> None:
        """Take a line; progress is passed on as it comes."""
        if self._begun:
            self._write_line(line)
            return
        self._lines.append(line)
        if line.lower().startswith(_PROGRESS):
            self._begin()

    def head_end(self) -> None:
        """Decide whether this answer is passed on."""
        if not self._begun and self._is_not_ready():
            self._dropped = True
            return
        if not self._begun:
            self._begin()
        guards = b"\r\n".join(GUARDS)
        connection = b"keep-alive" if self._receiver.keeps_alive() else b"close"
        self._receiver.write(guards + b"\r\nConnection: " + connection + b"\r\n\r\n")

    def body(self, data: bytes) -> None:
        """Pass a piece on."""
        if not self._dropped:
            self.bytes += len(data)
            self._receiver.write(data)

    def end(self) -> None:
        """Tell that the answer was whole."""
        self._settle(Outcome.NOT_READY if self._dropped else Outcome.WHOLE)

    def broken(self, *, answered: bool) -> None:
        """Tell that the rest will not come."""
        self._settle(Outcome.CUT if self._begun else Outcome.BROKEN)

    def _begin(self) -> None:
        self._begun = True
        self.status = int(self._lines[0].split(b" ", 2)[1])
        self._receiver.write(self._lines[0] + b"\r\n")
        names = [line.lower() for line in self._lines[1:]]
        if any(name.startswith(_CODE) for name in names):
            self.code = next(int(name.split(b":")[1]) for name in names if name.startswith(_CODE))
        if not any(name.startswith((b"content-length:", b"transfer-encoding:", _PROGRESS)) for name in names):
            self._receiver.will_close()
        for line in self._lines[1:]:
            self._write_line(line)

    def _write_line(self, line: bytes) -> None:
        if line.lower().startswith(_PASSED):
            self._receiver.write(line + b"\r\n")

    def _is_not_ready(self) -> bool:
        status = self._lines[0].split(b" ", 2)[1]
        codes = [line.split(b":")[1].strip() for line in self._lines if line.lower().startswith(_CODE)]
        return codes == [_UNKNOWN_USER] or (status == b"404" and not codes)

    def _settle(self, outcome: Outcome) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)
