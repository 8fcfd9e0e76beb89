"""Folders of people and gateways: one home each, closed to everybody else."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from notehouse_hub.hub.errors import ServerRefusedError

# The same names are folders and parts of addresses; the authenticator lets no other in.
NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
PASSABLE = 0o711
PRIVATE = 0o700
LONGEST_LOG = 10 * 2**20


@dataclass(frozen=True)
class Home:
    """Where one server lives, and which Unix user owns it; `uid` is None when it is the user we are."""

    folder: Path
    uid: int | None

    def prepare(self) -> None:
        """Make the home, owned by its user and closed to others; raises OSError."""
        if not self.folder.parent.exists():
            self.folder.parent.mkdir(parents=True)
            self.folder.parent.chmod(PASSABLE)
        self.folder.mkdir(mode=PRIVATE, exist_ok=True)
        handle = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            if self.uid is not None:
                os.fchown(handle, self.uid, self.uid)
            os.fchmod(handle, PRIVATE)
        finally:
            os.close(handle)


def home_of(data: Path, name: str, uid: int | None) -> Home:
    """Return the home of a server's user; raises ServerRefusedError for a name that is no folder name."""
    if not NAME.fullmatch(name):
        raise ServerRefusedError(f"The name {name!r} cannot have a home folder.")
    return Home(data / "homes" / name, uid)


def open_log(data: Path, name: str) -> int:
    """Open the log of one server, which only we can read; begin anew past 10 MiB. Returns a descriptor."""
    folder = data / "logs" / "servers"
    folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    file = folder / f"{name}.log"
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    if file.exists() and file.stat().st_size > LONGEST_LOG:
        flags |= os.O_TRUNC
    return os.open(file, flags, 0o600)
