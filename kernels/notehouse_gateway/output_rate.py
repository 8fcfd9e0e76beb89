"""How much may a kernel send in a time? Text past it is cut, with a line that names the limit."""

from __future__ import annotations

import time

MEBIBYTE = 2**20
AT_ONCE = 3  # seconds' worth of output that may come in one go
MAX_OUTPUT = 32 * MEBIBYTE  # one output
LEAST = 4096  # bytes that a message counts for at least: a thousand small ones are work too
FRESH = MEBIBYTE  # what a cell may write, whatever the one before it has written


class OutputRate:
    """Bytes that may be sent now: they come back at a rate. Without a lock, so that a child by fork can use it."""

    def __init__(self, megabytes_per_second: int) -> None:
        self.megabytes = megabytes_per_second
        self._per_second = megabytes_per_second * MEBIBYTE
        self._most = self._per_second * AT_ONCE
        self._room = float(self._most)
        self._filled = time.monotonic()

    def room(self) -> int:
        """Return how many bytes may be sent now."""
        now = time.monotonic()
        self._room = min(self._most, self._room + (now - self._filled) * self._per_second)
        self._filled = now
        return int(self._room)

    def take(self, size: int) -> None:
        """Count bytes that are sent."""
        self._room = self.room() - size

    def close(self) -> None:
        """Count a flood that goes on, though none of it is sent."""
        self._room = min(self._room, 0)

    def open(self) -> None:
        """Let a new cell say something."""
        self._room = max(self.room(), FRESH)

    @property
    def calm(self) -> bool:
        """Tell whether a flood is over: nothing came for a second."""
        return self.room() >= self._per_second

    def wait(self, size: int) -> None:
        """Count a message, and wait until the rate allows the next."""
        self.take(max(size, LEAST))
        if (missing := -self.room()) > 0:
            time.sleep(missing / self._per_second)

    def notice(self) -> str:
        """Return the line that stands for what was not sent."""
        return (
            f"\nThe output was cut here, at the kernel's limit of output rate ({self.megabytes:,} MB a second, "
            f"{AT_ONCE * self.megabytes:,} MB at once). What came after it was not kept.\n"
        )


def notice_of_large(size: int) -> str:
    """Return the line that stands for an output that is too large."""
    return f"One output of {size // MEBIBYTE} MiB was cut here: the limit is {MAX_OUTPUT // MEBIBYTE} MiB."
