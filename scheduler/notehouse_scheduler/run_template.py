"""The process that executions are forked from: `python -m notehouse_scheduler.run_template CHANNEL`.

It has imported what executing a notebook needs, which takes longer than executing most of them. It reads no notebook
and holds no secret: each execution is a process of its own, and nothing of one is in the next. Ends with its worker.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import NoReturn

from notehouse_scheduler import run_child

LONGEST = 4096
LAST_MOMENTS = 10.0
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)  # loaded before any fork


class RunTemplate:
    """Forks for whoever holds the other end of the channel, and says how each fork ended."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._ends: dict[int, int] = {}  # where to say how a process ended
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM):  # the worker decides when executions end
            signal.signal(number, signal.SIG_IGN)

    def serve(self) -> None:
        """Fork until the worker is gone."""
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if self._woken in ready:
                os.read(self._woken, LONGEST)
                self._reap()
            if self._channel.fileno() in ready:
                request, descriptors, _, _ = socket.recv_fds(self._channel, LONGEST, 3)
                if not request:
                    self._wait_for_all()
                    return
                self._fork(*descriptors)

    def _fork(self, reads: int, writes: int, end: int) -> None:
        mine = os.getpid()
        if (pid := os.fork()) == 0:
            _end_with(mine)
            os.close(end)
            self._execute(reads, writes)
        os.close(reads)
        os.close(writes)
        self._ends[pid] = end
        handle = os.pidfd_open(pid)
        socket.send_fds(self._channel, [json.dumps(pid).encode()], [handle])
        os.close(handle)

    def _execute(self, reads: int, writes: int) -> NoReturn:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(reads, 0)
        os.dup2(writes, 1)
        for descriptor in (reads, writes, self._woken, self._wake, *self._ends.values()):
            os.close(descriptor)
        self._channel.close()
        sys.stdin, sys.stdout = open(0), open(1, "w")  # noqa: SIM115 - for the life of the process
        code = 1
        try:
            run_child.main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)

    def _wait_for_all(self) -> None:
        """Let executions end their kernels: they know by themselves that the worker is gone."""
        deadline = time.monotonic() + LAST_MOMENTS
        while self._ends and time.monotonic() < deadline:
            self._reap()
            time.sleep(0.05)

    def _reap(self) -> None:
        for pid, end in list(self._ends.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                with suppress(BrokenPipeError):  # nobody wants to know
                    os.write(end, str(os.waitstatus_to_exitcode(status)).encode())
                os.close(end)
                del self._ends[pid]


def _end_with(parent: int) -> None:
    """Have the system end this process when the template ends: the worker could not tell how it did."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def main() -> None:
    """Be ready, and fork."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    template = RunTemplate(channel)
    gc.collect()
    gc.freeze()
    channel.send(b"ready")
    template.serve()


if __name__ == "__main__":
    main()
