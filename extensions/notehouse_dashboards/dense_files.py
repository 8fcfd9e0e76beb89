"""Files in their densest form: Brotli at its best takes a second for a large one, so it is made once, beside the work."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import brotli

_LEAST_PRIORITY = 19
_LARGE = 1_000_000  # from here on the last percent takes seconds


class DenseFiles:
    """Makes the dense forms of files one after another, and keeps them in a folder when there is one."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder / "dense" if folder else None
        self._at_work = ThreadPoolExecutor(1, "dense", initializer=_stand_back)

    def order(self, name: str, body: bytes, done: Callable[[bytes], None]) -> None:
        """Hand the dense form of a file to `done` when it is there; `name` changes with what the file holds."""
        known = self._folder / f"{name}.br" if self._folder else None
        if known and known.exists():
            done(known.read_bytes())
        else:
            self._at_work.submit(lambda: done(self._made(body, known)))

    def close(self) -> None:
        """Make what was ordered, and take no more orders."""
        self._at_work.shutdown()

    def _made(self, body: bytes, place: Path | None) -> bytes:
        dense = bytes(brotli.compress(body, quality=10 if len(body) > _LARGE else 11))
        if place:
            place.parent.mkdir(exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=place.parent, delete=False) as file:
                file.write(dense)
            Path(file.name).replace(place)
        return dense


def _stand_back() -> None:
    """Let everything else of the machine go first; where threads have no priority of their own, they have none."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LEAST_PRIORITY)
