"""A kernel's token in memory that only it and its server have open: no file that a neighbour of its user could read."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress

NAME = "notehouse-token"
PATIENCE = 0.2  # seconds; a kernel that holds the lock for ever has itself to blame


class HeldToken:
    """The server's side; `descriptor` is what a kernel is given."""

    def __init__(self, token: str) -> None:
        self.descriptor = os.memfd_create(NAME, os.MFD_CLOEXEC)
        self.write(token)

    def write(self, token: str) -> None:
        """Put another token in its place; who reads under a shared lock sees one or the other."""
        content = token.encode()
        locked = self._locked()
        os.pwrite(self.descriptor, content, 0)
        os.ftruncate(self.descriptor, len(content))
        if locked:
            fcntl.flock(self.descriptor, fcntl.LOCK_UN)

    def _locked(self) -> bool:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(BlockingIOError):
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            time.sleep(0.005)
        return False

    def close(self) -> None:
        """Empty it and let it go; what a kernel's process still has open holds nothing any more."""
        if self.descriptor >= 0:
            os.ftruncate(self.descriptor, 0)
            os.close(self.descriptor)
            self.descriptor = -1
