"""The artifact store: files named by the SHA-256 of what they hold, so that storing twice stores once."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from notehouse_core.errors import NotFound


class ArtifactStore:
    """Notebooks, snapshots and run outputs in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, content: bytes) -> str:
        """Stores `content` durably and answers its key (64 hex characters).

        A reader sees the whole file or none: it is written beside, synced, and renamed.
        """
        key = hashlib.sha256(content).hexdigest()
        target = self.path(key)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            self._write(target, content)
        return key

    def get(self, key: str) -> bytes:
        """The bytes under `key`. Raises NotFound when there are none."""
        try:
            return self.path(key).read_bytes()
        except FileNotFoundError as error:
            raise NotFound(
                f"The artifact {key[:12]} is not in the store. It may have been cleaned up."
            ) from error

    def path(self, key: str) -> Path:
        """The file of `key`. Raises NotFound for what cannot be a key, so no path can be smuggled in."""
        if len(key) != 64 or set(key) - set("0123456789abcdef"):
            raise NotFound("There is no such artifact.")
        return self.folder / key[:2] / key

    def _write(self, target: Path, content: bytes) -> None:
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".part-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
