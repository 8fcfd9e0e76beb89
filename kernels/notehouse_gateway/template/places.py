"""Gives a process places of its own to write to: nobody else sees what is there, and the rest it can only read.

What code that runs with richer rights leaves in /tmp or in shared memory could else be read by code with poorer ones.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

NEW_MOUNTS, NEW_IPC = 0x0002_0000, 0x0800_0000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
MOUNT_SETATTR = 442  # the number of the system call, on all machines since 2021
AT_FDCWD, AT_RECURSIVE, READ_ONLY = -100, 0x8000, 1
COVERED = ("/tmp", "/var/tmp")  # noqa: S108 - these are what it is about
SHARED_MEMORY = "/dev/shm"  # noqa: S108
SHARED_MEGABYTES = 512
_libc = ctypes.CDLL(None, use_errno=True)


def keep_writes_inside(writable: Sequence[str], scratch: str) -> None:
    """Leave but these folders writable, and /tmp, /var/tmp and shared memory of its own. Raises OSError.

    In a new mount namespace. `scratch` is a folder for what is written to /tmp; it is one of `writable` or in one.
    """
    _mount(None, "/", None, MS_REC | MS_PRIVATE)
    for place in writable:
        _mount(place, place, None, MS_BIND | MS_REC)
    opened = {place: os.open(place, os.O_PATH | os.O_DIRECTORY) for place in writable}
    _set("/", READ_ONLY, 0, AT_RECURSIVE)
    for place in ("/proc", *opened):
        _set(place, 0, READ_ONLY, 0)
    options = f"size={SHARED_MEGABYTES}m,mode=1777"
    _mount("tmpfs", SHARED_MEMORY, "tmpfs", MS_NOSUID | MS_NODEV, options)
    for place in COVERED if scratch else ():
        _cover(place, scratch, opened)
    for descriptor in opened.values():
        os.close(descriptor)


def mount_processes() -> None:
    """Show the table of processes that this process is in; a container may refuse that. Raises OSError."""
    _mount(None, "/", None, MS_REC | MS_PRIVATE)
    _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)


def _cover(place: str, scratch: str, opened: dict[str, int]) -> None:
    """Put an own folder where all write, unless Python itself is in there; it stays readable then."""
    needed = (sys.prefix, sys.base_prefix, __file__)
    if not os.path.isdir(place) or any(_is_in(one, place) for one in needed):
        return
    own = Path(scratch) / place.strip("/").replace("/", "-")
    own.mkdir(mode=0o700, exist_ok=True)
    inside = {one: descriptor for one, descriptor in opened.items() if _is_in(one, place)}
    for one in inside:
        (own / Path(one).relative_to(place)).mkdir(mode=0o700, parents=True, exist_ok=True)
    _mount(str(own), place, None, MS_BIND)
    for one, descriptor in inside.items():
        _mount(f"/proc/self/fd/{descriptor}", one, None, MS_BIND | MS_REC)


def _is_in(path: str, place: str) -> bool:
    return Path(path).resolve().is_relative_to(place)


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    texts = [None if one is None else one.encode() for one in (source, target, kind, options)]
    done = _libc.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3])
    _check(done, f"{target} cannot be mounted")


def _set(target: str, flags: int, cleared: int, how: int) -> None:
    attributes = struct.pack("QQQQ", flags, cleared, 0, 0)
    size = ctypes.c_size_t(len(attributes))
    done = _libc.syscall(MOUNT_SETATTR, AT_FDCWD, target.encode(), how, attributes, size)
    _check(done, f"{target} cannot be made read-only, or writable again")


def _check(result: int, complaint: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{complaint}: {os.strerror(number)}")
