"""Where does an HTTP answer end? Follows its framing without touching its bytes."""

from typing import Protocol

_LONGEST_LINE = 4096  # bytes: a chunk's size, or a trailer
_USUAL_LINE = 32


class NotHttpError(Exception):
    """The other side did not speak HTTP."""


class BodyEnd(Protocol):
    """Follows a body to its end."""

    reached: bool
    reusable: bool
    ends_with_connection: bool

    def feed(self, data: bytes | memoryview) -> None:
        """Take the next bytes of the body. Raises NotHttpError."""


class Chunked:
    """A chunked body: only the sizes between chunks are read."""

    ends_with_connection = False

    def __init__(self, *, reusable: bool) -> None:
        self.reached = False
        self.reusable = reusable
        self._left = 0  # bytes of the current chunk and its line end still to come
        self._line = bytearray()
        self._last = False

    def feed(self, data: bytes | memoryview) -> None:
        """Take the next bytes of the body."""
        position, size = 0, len(data)
        while position < size:
            if self.reached:
                raise NotHttpError
            if self._left:
                step = min(self._left, size - position)
                self._left -= step
                position += step
            else:
                position = self._read_line(data, position)

    def _read_line(self, data: bytes | memoryview, position: int) -> int:
        begun, ended, _ = bytes(data[position : position + _USUAL_LINE]).partition(b"\n")
        self._line += begun
        if len(self._line) >= _LONGEST_LINE:
            raise NotHttpError
        if ended:
            line, self._line = bytes(self._line).strip(), bytearray()
            self._take(line)
        return position + len(begun) + len(ended)

    def _take(self, line: bytes) -> None:
        if self._last:
            self.reached = not line  # a trailer, or the empty line after all of them
            return
        try:
            length = int(line.split(b";")[0], 16)
        except ValueError as error:
            raise NotHttpError from error
        self._last = length == 0
        self._left = length + 2 if length else 0


class Counted:
    """A body of known length."""

    ends_with_connection = False

    def __init__(self, length: int, *, reusable: bool) -> None:
        self._left = length
        self.reached = length == 0
        self.reusable = reusable

    def feed(self, data: bytes | memoryview) -> None:
        """Take the next bytes of the body."""
        self._left -= len(data)
        if self._left < 0:
            raise NotHttpError
        self.reached = self._left == 0


class UntilClosed:
    """A body that ends with its connection."""

    reached = False
    reusable = False
    ends_with_connection = True

    def feed(self, data: bytes | memoryview) -> None:
        """Take the next bytes of the body."""


def body_end(lines: list[bytes]) -> BodyEnd:
    """Choose from the lines of a head (status line first) how its body ends. Raises NotHttpError."""
    words = lines[0].split(b" ", 2) if lines else []
    if len(words) < 2 or not words[0].startswith(b"HTTP/1."):
        raise NotHttpError
    headers = {
        name.strip().lower(): value.strip().lower()
        for name, _, value in (line.partition(b":") for line in lines[1:])
    }
    reusable = words[0] == b"HTTP/1.1" and headers.get(b"connection") != b"close"
    if words[1] in {b"204", b"304"}:
        return Counted(0, reusable=reusable)
    if headers.get(b"transfer-encoding") == b"chunked":
        return Chunked(reusable=reusable)
    if length := headers.get(b"content-length"):
        if not length.isdigit():
            raise NotHttpError
        return Counted(int(length), reusable=reusable)
    return UntilClosed()
