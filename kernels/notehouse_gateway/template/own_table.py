"""A table of processes of its own: whatever is started in there, and however it hides, ends with its first process.

Nobody in there sees, or can name, a process outside.
"""

from __future__ import annotations

import os
import select
import signal

from notehouse_gateway.template import namespaces, places
from notehouse_gateway.template.death import die_with

NEW_TABLE = 0x2000_0000
OUTSIDE = 0  # the number of a parent that is not in the table
STANDARD = 3  # descriptors below it
MOST_DESCRIPTORS = 2**31 - 1
SIGNALLED = 128  # and the number of a signal: the first process of a table cannot end by one of its own


def go_in() -> None:
    """Go on as the first process of a new table, which `namespaces.enter` has made, with mounts of its own.

    Whoever calls this stays outside, waits and ends as the first process does; when it is ended, so is all inside.
    Raises OSError.
    """
    reads, writes = os.pipe()
    if (first := os.fork()) != 0:
        _leave_open(writes)
        namespaces.give_up_capabilities()
        end_as(waited(first))
    os.close(writes)
    die_with(OUTSIDE)
    if _is_closed(reads):
        os._exit(1)  # it had ended before the system was told to tie this process to it
    os.close(reads)
    places.mount_processes()


def watch_over(command: list[str], processes: int) -> None:
    """Start a command closed in as a kernel is, wait until it has ended, and end; to be called by the first process.

    The command is not first itself: signals would be nothing to it, and it would have to bury what others leave.
    """
    if (pid := os.fork()) == 0:
        namespaces.confine(processes)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.environ["JPY_PARENT_PID"] = "1"  # it need not look whether its parent lives
        os.execvp(command[0], command)  # noqa: S606 - the command of the server that started us
    _leave_open()
    status = waited(pid)
    os._exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else SIGNALLED + os.WTERMSIG(status))


def waited(pid: int) -> int:
    """Return how a child has ended; others that are left to this process are buried meanwhile."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the kernel of this group
    while True:
        ended, status = os.wait()
        if ended == pid:
            return status


def end_as(status: int) -> None:
    """End this process as another has ended."""
    code = os.waitstatus_to_exitcode(status)
    number = -code if code < 0 else code - SIGNALLED
    if number in set(signal.Signals):
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(code)


def _leave_open(kept: int | None = None) -> None:
    """Close what is for others: an end that nobody holds is how they learn that a process is gone."""
    if kept is not None:
        os.dup2(kept, STANDARD, inheritable=False)
    os.closerange(STANDARD + (kept is not None), MOST_DESCRIPTORS)


def _is_closed(reads: int) -> bool:
    poll = select.poll()
    poll.register(reads, select.POLLIN)
    return bool(poll.poll(0))
