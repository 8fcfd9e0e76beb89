"""A file that nobody may read, and whether somebody has opened it."""

import ctypes
import os
from pathlib import Path

_OPENED = 0x20  # IN_OPEN of inotify(7)


class PlantedFile:
    """A readable file with a canary in it, watched."""

    canary = "canary-of-the-planted-file"

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o755)  # whoever ClickHouse runs as could read it
        self.path = folder / "planted.txt"
        self.path.write_text(f"{self.canary}\n")
        self.path.chmod(0o644)
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._watch = self._libc.inotify_init1(os.O_NONBLOCK)
        if self._libc.inotify_add_watch(self._watch, os.fsencode(self.path), _OPENED) < 0:
            raise OSError(ctypes.get_errno(), "the planted file cannot be watched")

    def was_opened(self) -> bool:
        """Say whether anybody has opened it since it was asked last."""
        try:
            return bool(os.read(self._watch, 4096))
        except BlockingIOError:
            return False
