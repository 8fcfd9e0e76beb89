"""Ends what a server's Unix user still runs when the server itself has ended, however it did and wherever it hides.

Another installation on the same machine may give the same number to a user of its own: what runs from a home there is left
alone.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

_ROUNDS = 20  # what starts new processes faster than they are ended meets the limit of its user's processes
_HOME = b"HOME="


def end_all_of(uid: int, home: Path) -> None:
    """End all processes of a Unix user that owns one server alone, whose home this is. Raises OSError.

    It is the user who signals, so that nobody else's processes can be meant, whichever number they have by now.
    """
    if uid == 0:
        raise ValueError("root's processes are no server's")
    for _ in range(_ROUNDS):
        if not (left := list(_processes(uid, home))):
            return
        subprocess.run(
            ["/bin/sh", "-c", 'kill -KILL "$@"', "sh", *map(str, left)],
            user=uid, group=uid, extra_groups=[], cwd="/", env={}, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip


def _processes(uid: int, home: Path) -> Iterator[int]:
    """Yield the processes of a user that have not ended and are not of another installation."""
    for place in Path("/proc").glob("[0-9]*"):
        try:
            real = place.joinpath("status").read_text().partition("\nUid:\t")[2].split(maxsplit=1)[0]
            ended = place.joinpath("stat").read_text().rpartition(") ")[2].startswith(("Z", "X"))
            if int(real) == uid and not ended and not _is_elsewhere(place, uid, home):
                yield int(place.name)
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile


def _is_elsewhere(process: Path, uid: int, home: Path) -> bool:
    """Say whether a process began in a home of another installation; only root makes folders of homes."""
    lines = process.joinpath("environ").read_bytes().split(b"\0")
    told = next((line[len(_HOME) :] for line in lines if line.startswith(_HOME)), b"")
    other = Path(os.fsdecode(told))
    if not other.is_absolute() or other == home or other.parent.name != "homes":
        return False
    try:
        return other.parent.stat().st_uid == 0 and other.stat().st_uid == uid
    except OSError:
        return False
