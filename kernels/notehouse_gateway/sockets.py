"""Where a server and its kernels meet: Unix sockets in a folder that only their user may enter.

Ports would be chosen before a kernel binds them, and another could take them in between.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
import uuid
from functools import cache
from pathlib import Path

PREFIX = "notehouse-kernels-"


@cache
def folder() -> Path:
    """Make this process's folder, under a short name since paths of sockets may have 107 characters."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        _remove_abandoned(left)
    made = Path(tempfile.mkdtemp(prefix=PREFIX))
    _locked(made)  # for as long as this process lives, however it ends
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def fresh() -> str:
    """Return the path that the sockets of one kernel begin with."""
    return str(folder() / uuid.uuid4().hex[:12])


def _locked(place: Path) -> int | None:
    """Return the descriptor that holds the folder, None when another process does."""
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _remove_abandoned(place: Path) -> None:
    try:
        if place.stat(follow_symlinks=False).st_uid != os.getuid() or (held := _locked(place)) is None:
            return
    except OSError:
        return  # another process has just removed it
    shutil.rmtree(place, ignore_errors=True)
    os.close(held)
