"""Ends what a server's Unix user still runs when the server itself has ended, however it did and wherever it hides.

Another installation on the same machine may give the same number to a user of its own: what runs from a home there is left
alone.
"""

from __future__ import annotations

import logging
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

_ROUNDS = 20  # what starts new processes faster than they are ended meets the limit of its user's processes
_HOME = b"HOME="

log = logging.getLogger(__name__)


def end_all_of(uid: int, home: Path) -> None:
    """End all processes of a Unix user that owns one server alone, whose home this is. Raises OSError.

    It is the user who signals, so that nobody else's processes can be meant, whichever number they have by now.
    """
    if uid == 0:
        raise ValueError("root's processes are no server's")
    for _ in range(_ROUNDS):
        if not (left := list(_processes(uid, home.resolve()))):
            return
        subprocess.run(
            ["/bin/sh", "-c", 'kill -KILL "$@"', "sh", *map(str, left)],
            user=uid, group=uid, extra_groups=[], cwd="/", env={}, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    log.warning("Unix user %d starts processes faster than they are ended: some may still run", uid)


def _processes(uid: int, home: Path) -> Iterator[int]:
    """Yield the processes of a user that have not ended and are not of another installation."""
    for place in Path("/proc").glob("[0-9]*"):
        try:
            ended = place.joinpath("stat").read_text().rpartition(") ")[2].startswith(("Z", "X"))
            if _told(place, "Uid") == uid and not ended and not _is_elsewhere(place, uid, home):
                yield int(place.name)
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile


def _is_elsewhere(process: Path, uid: int, home: Path) -> bool:
    """Say whether a process began in a home of another installation, or was started by one that did.

    The nearest that tells decides: what a server starts need not be told of any home.
    """
    while _told(process, "Uid") == uid:
        if home in (within := _homes_of(process)):
            return False
        if any(_is_home(folder, uid) for folder in within):
            return True
        process = process.with_name(str(_told(process, "PPid")))
    return False


def _told(process: Path, what: str) -> int:
    """Return the first number that the system tells of a process under a name. Raises OSError."""
    return int(process.joinpath("status").read_text().partition(f"\n{what}:\t")[2].split(maxsplit=1)[0])


def _homes_of(process: Path) -> list[Path]:
    """Return the folder that a process calls its home, and those around it: templates have theirs inside a server's.

    Whoever started it may have called it by links or dots: it is the folder behind them that counts.
    """
    try:
        lines = process.joinpath("environ").read_bytes().split(b"\0")
        told = next((line[len(_HOME) :] for line in lines if line.startswith(_HOME)), b"")
        folder = Path(os.fsdecode(told))
        resolved = folder.resolve() if folder.is_absolute() else None
    except (PermissionError, RuntimeError):
        return []  # in a container, where root looks into nobody's processes; links in a circle
    return [] if resolved is None else [resolved, *resolved.parents]


def _is_home(folder: Path, uid: int) -> bool:
    """Say whether a folder is the home of a user in some installation; only root makes folders of homes."""
    if folder.parent.name != "homes":
        return False
    try:
        return folder.parent.stat().st_uid == 0 and folder.stat().st_uid == uid
    except OSError:
        return False
