"""How a kernel asks for a new token: it touches a file beside its token's, and whoever keeps that renews it."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

RENEW_HEADER, RENEW = "X-Notehouse-Token", "renew"  # of a refusal that another token may pass

_PATIENCE = 5.0
_POLL = 0.05


def request_file(token_file: Path) -> Path:
    """The file to touch; it is there where somebody keeps the token."""
    return token_file.with_name("renew")


def read_token(token_file: Path) -> str:
    """Return the token of the moment, a whole one: where it is written in place, who writes holds a lock. Raises OSError."""
    with token_file.open("rb") as file:
        with suppress(OSError):  # a file system without locks, where the file is replaced whole
            fcntl.flock(file, fcntl.LOCK_SH)
        return file.read().decode().strip()


def renewed(token_file: Path) -> bool:
    """Ask for a new token and wait for it; False when nobody keeps it, or none came within five seconds."""
    request = request_file(token_file)
    try:
        before = token_file.read_bytes()
        os.utime(request)
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            if token_file.read_bytes() != before:
                return True
            time.sleep(_POLL)
    except OSError:
        return False
    return False
