"""What lies where in the data folder, whose is it, and can it be used?"""

import errno
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from notehouse_hub.embedded import accounts
from notehouse_hub.embedded.errors import EngineError
from notehouse_hub.supervisor.errors import StartRefusedError
from notehouse_hub.supervisor.users import Users

_NEEDED = 1_000_000_000  # bytes of free disk that a start asks for


@dataclass(frozen=True)
class Folders:
    """The folders of one platform."""

    data: Path

    def __getattr__(self, name: str) -> Path:
        """Return the folder of that name; `make` says which there are."""
        if name not in _MODES:
            raise AttributeError(name)
        return self.data / name

    def home(self, process: str) -> Path:
        """Return a process's own folder: its HOME and working directory."""
        return self.data / "services" / process

    def log(self, process: str) -> Path:
        """Return a process's log file."""
        return self.data / "logs" / f"{process}.log"


# name -> mode, and the part of the platform that owns it (None: who starts the platform)
_MODES: dict[str, tuple[int, str | None]] = {
    "artifacts": (0o700, "web"),
    "clickhouse": (0o700, "clickhouse"),
    "engines": (0o755, None),
    "env": (0o755, None),
    "homes": (0o711, "hub"),
    "keys": (0o755, None),
    "logs": (0o700, None),
    "mail": (0o700, "web"),
    "node": (0o755, None),
    "run": (0o711, None),
    "secrets": (0o700, None),
    "services": (0o711, None),
}


def ensure_run(data: Path) -> Path:
    """Make the folder that remembers what runs."""
    run = data / "run"
    run.mkdir(exist_ok=True)
    return run


def check(data: Path) -> None:
    """Raise StartRefusedError when the data folder cannot be made or written, or its disk is nearly full."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        trial = data / ".write-trial"
        trial.write_bytes(b"notehouse")
        trial.unlink()
    except OSError as error:
        raise StartRefusedError(_why_not_writable(data, error)) from error
    free = shutil.disk_usage(data).free
    if free < _NEEDED:
        raise StartRefusedError(
            f"The disk of the data folder {data} is nearly full: {free / 1e6:.0f} MB are free and a start "
            f"needs {_NEEDED / 1e6:.0f} MB. Free some space, or choose a folder on another disk with --data."
        )


def _why_not_writable(data: Path, error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return f"The disk of the data folder {data} is full. Free some space, or choose another with --data."
    return (
        f"The data folder {data} cannot be written: {error.strerror}. "
        "Choose one that this user may write with --data DIR (or NOTEHOUSE_DATA)."
    )


def make(data: Path, users: Users) -> Folders:
    """Make all folders, each for exactly those who need it."""
    data.chmod(0o711 if users.root else 0o700)
    try:
        for name, (mode, owner) in _MODES.items():
            accounts.prepare(data / name, users.uid(owner) if owner else None, mode)
        if users.root:
            accounts.check_reachable(data / "homes", users.stranger())
    except EngineError as error:
        raise StartRefusedError(str(error)) from error
    return Folders(data)


def make_home(folders: Folders, process: str, uid: int | None) -> Path:
    """Make the own folder of a process."""
    home = folders.home(process)
    accounts.prepare(home, uid)
    for path in [home, *home.iterdir()]:
        if uid is not None and path.stat().st_uid != uid:
            os.chown(path, uid, uid)
    return home
