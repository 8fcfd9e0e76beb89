"""Passes one answer of ClickHouse on to a client: the head rewritten, the body as the bytes that came."""

import asyncio
import json
from enum import Enum
from typing import Protocol

_PASSED = (
    b"content-type:", b"content-length:", b"content-encoding:", b"transfer-encoding:", b"date:",
    b"x-clickhouse-query-id:", b"x-clickhouse-format:", b"x-clickhouse-timezone:", b"x-clickhouse-summary:",
    b"x-clickhouse-progress:", b"x-clickhouse-exception-code:", b"x-clickhouse-exception-tag:",
    b"age:",  # of an answer that ClickHouse remembered
)  # fmt: skip
_PROGRESS = b"x-clickhouse-progress:"
_SUMMARY = b"x-clickhouse-summary:"
_CODE = b"x-clickhouse-exception-code:"
_UNKNOWN_USER = b"516"  # ClickHouse says the same of a wrong password
_STILL_RUNS = b"216"  # a query with this id

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
    LEFT = "left"  # the client went before the end
    NOT_READY = "not ready"  # ClickHouse does not know the user yet, or is not ours yet


class Receiver(Protocol):
    """The client's side."""

    def write(self, data: bytes | memoryview) -> None:
        """Send bytes to the client; those of a view may change when this has returned."""

    def keeps_alive(self) -> bool:
        """Say whether the connection stays open after this answer."""

    def will_close(self) -> None:
        """Let the connection end with this answer."""


class Relay:
    """One attempt at an answer; nothing reaches the client before it is known to be worth passing on."""

    def __init__(self, receiver: Receiver, *, again: bool = False) -> None:
        self._again = (
            again  # an earlier attempt was lost, and may run until ClickHouse has seen that nobody reads it
        )
        self.outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.status = 0
        self.code = 0  # ClickHouse's error code, if it was known before the body
        self.bytes = 0
        self.framed = True  # the answer tells its own end, so that a missing one is seen
        self._summary = b"{}"
        self._receiver = receiver
        self._lines: list[bytes] = []
        self._head = bytearray()
        self._begun = False
        self._dropped = False

    def head_line(self, line: bytes) -> None:
        """Take a line; progress is passed on as it comes."""
        if self._begun:
            self._add(line)
        else:
            self._lines.append(line)
        if line.lower().startswith(_PROGRESS):
            self._begin()
            self._flush()
        elif line.lower().startswith(_SUMMARY):
            self._summary = line.partition(b":")[2]

    @property
    def begun(self) -> bool:
        """Say whether the client has a part of it."""
        return self._begun

    @property
    def written(self) -> int:
        """How many bytes the statement wrote, if ClickHouse told before the body."""
        found: dict[str, str] = json.loads(self._summary)
        return int(found.get("written_bytes", 0))

    def head_end(self) -> None:
        """Decide whether this answer is passed on."""
        if not self._begun and self._is_not_ready():
            self._dropped = True
            return
        self._begin()
        connection = b"keep-alive" if self._receiver.keeps_alive() else b"close"
        self._head += b"\r\n".join([*GUARDS, b"Connection: " + connection, b"", b""])
        self._flush()

    def body(self, data: bytes | memoryview) -> None:
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
        """Begin the answer with the lines that came so far."""
        if self._begun:
            return
        self._begun = True
        self.status = int(self._lines[0].split(b" ", 2)[1])
        self.code = int(self._codes()[0]) if self._codes() else 0
        names = [line.lower() for line in self._lines[1:]]
        if not any(name.startswith((b"content-length:", b"transfer-encoding:", _PROGRESS)) for name in names):
            self._receiver.will_close()
            self.framed = False
        self._head += self._lines[0] + b"\r\n"
        for line in self._lines[1:]:
            self._add(line)

    def _add(self, line: bytes) -> None:
        if line.lower().startswith(_PASSED):
            self._head += line + b"\r\n"

    def _flush(self) -> None:
        self._receiver.write(bytes(self._head))
        self._head.clear()

    def _codes(self) -> list[bytes]:
        return [line.split(b":")[1].strip() for line in self._lines if line.lower().startswith(_CODE)]

    def _is_not_ready(self) -> bool:
        status = self._lines[0].split(b" ", 2)[1]
        codes = self._codes()
        if codes == [_STILL_RUNS]:
            return self._again
        return codes == [_UNKNOWN_USER] or (status == b"404" and not codes)

    def _settle(self, outcome: Outcome) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)
