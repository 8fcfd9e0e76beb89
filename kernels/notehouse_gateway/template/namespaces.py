"""Walls of the system around a process: a user namespace of its own, perhaps without the machine's network.

None of it needs root. A process in a namespace of its own cannot read the memory or the environment of those outside,
while whoever started it can; it has no capability in there, and no program that it starts can gain one.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import resource
import socket
import struct
from pathlib import Path

NEW_USER, NEW_NETWORK = 0x1000_0000, 0x4000_0000
PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP = 38, 24
CAPABILITY_VERSION = 0x2008_0522
MOST_CAPABILITIES = 64
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
LANDLOCK_CREATE, LANDLOCK_RESTRICT = 444, 446  # the numbers of the system calls, on all machines since 2021
SCOPED = struct.pack("QQQ", 0, 0, 3)  # no files, no ports; signals and abstract sockets stay inside
_libc = ctypes.CDLL(None, use_errno=True)  # loaded before any fork


def enter(kinds: int) -> None:
    """Move this process, which has one thread, into new namespaces, as the same user. Raises OSError.

    Root without its capabilities is not given one: what runs kernels is not root.
    """
    uid, gid = os.geteuid(), os.getegid()
    _checked(_libc.unshare(NEW_USER | kinds), "the system gives no user namespace")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def give_up_capabilities() -> None:
    """Hold no capability from now on, nor gain one by starting a program. Raises OSError."""
    _checked(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "privileges cannot be given up")
    for number in range(MOST_CAPABILITIES):
        if _libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0:
            break  # the system knows no more
    header = struct.pack("Ii", CAPABILITY_VERSION, 0)
    _checked(_libc.capset(header, struct.pack("6I", *[0] * 6)), "capabilities cannot be given up")


def raise_loopback() -> None:
    """Make 127.0.0.1 work in a new network namespace. Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        answer = fcntl.ioctl(any_socket, SIOCGIFFLAGS, request)
        (flags,) = struct.unpack_from("H", answer, 16)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def keep_signals_inside() -> bool:
    """Let this process and its children signal each other alone; False where the system (before Linux 6.12) cannot."""
    rules = _libc.syscall(LANDLOCK_CREATE, SCOPED, len(SCOPED), 0)
    if rules < 0:
        return False
    try:
        return bool(_libc.syscall(LANDLOCK_RESTRICT, rules, 0) == 0)
    finally:
        os.close(rules)


def confine(processes: int) -> None:
    """Close this kernel in: others' memory closed to it, no more than so many processes and threads of its own.

    The count is that of the namespace, so that one kernel's processes are not counted with its neighbours'. Raises OSError.
    """
    enter(0)
    resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
    give_up_capabilities()
    keep_signals_inside()


def _checked(result: int, complaint: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{complaint}: {os.strerror(number)}")
