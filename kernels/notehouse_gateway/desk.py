"""The folder that one kernel works in: made for it, removed after it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


@dataclass(frozen=True)
class Desk:
    """A kernel's own home: no file of one kernel is found by the next."""

    folder: Path

    def open(self) -> None:
        """Make the folder."""
        self.folder.mkdir(mode=PRIVATE_FOLDER, parents=True)

    def close(self) -> None:
        """Remove the folder with all that the kernel left in it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self, seed: str | None) -> dict[str, str]:
        """Return what the kernel's environment says of this folder."""
        names = {
            "HOME": str(self.folder),
            "IPYTHONDIR": str(self.folder / ".ipython"),
            "PYTHONNOUSERSITE": "1",
        }
        return names | ({"NOTEHOUSE_COMM_SEED": seed} if seed else {})


def write_token(path: Path, token: str) -> None:
    """Put a token into a file of mode 0600, whole or not at all: readers never see half of one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    with os.fdopen(descriptor, "w") as file:
        file.write(token)
    draft.replace(path)
