"""A template from its owner's side: start it, have it fork, know when it or a kernel of it has ended."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from notehouse_gateway.enclosure import Enclosure, Entrance
from notehouse_gateway.template import wire
from notehouse_gateway.template.wire import READY, BranchOrder, ForkOrder, Order

ANSWER_SECONDS = 30.0
READY_SECONDS = 60.0


class CannotFork(Exception):
    """There is no fork; the message says why. A new process does instead."""


@dataclass(frozen=True)
class Prepared:
    """How a notebook ended in its template: which cell failed, and why the template cannot be forked."""

    failure: dict[str, Any] | None
    obstacles: list[str]


class Forked:
    """A kernel that was forked, with the methods of `subprocess.Popen` that jupyter_client uses."""

    stdin = stdout = stderr = None

    def __init__(self, inside: int, handle: int, template: TemplateProcess) -> None:
        """Take a handle, and the number that the template has for it. Raises CannotFork when it has ended already."""
        self._handle = handle
        self._template = template
        self.inside, self.pid = inside, _number(handle)
        self.returncode: int | None = None

    def __del__(self) -> None:
        self._close()

    def poll(self) -> int | None:
        """Return how it ended, None while it runs."""
        if self.returncode is None and _readable(self._handle, 0):
            self.returncode = self._template.exit_code(self.inside)
            self._close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises TimeoutExpired."""
        if self.returncode is None and not _readable(self._handle, timeout):
            raise subprocess.TimeoutExpired("a forked kernel", timeout or 0)
        return self.poll() or 0

    def send_signal(self, number: int) -> None:
        """Send it a signal; nothing when it has ended."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def _close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


class TemplateProcess:
    """One template. Its methods wait: call them outside an event loop. Safe to call from many threads."""

    def __init__(self, process: subprocess.Popen[bytes] | Forked, channel: socket.socket) -> None:
        self.process = process
        self._channel = channel
        self._lock = threading.Lock()
        self._hung_up = False  # a moment before its process is known to have ended

    def __del__(self) -> None:
        """End it when nobody holds it any more: neither its owner, who has a newer one, nor a kernel that it has forked."""
        if not sys.is_finalizing():
            self.stop()

    @classmethod
    def start(
        cls, environment: Mapping[str, str], cwd: str, enclosure: Enclosure | None = None
    ) -> TemplateProcess:
        """Start one that imports, cut from the network by an enclosure; it is no use before `imported`."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        parent = 0 if enclosure is not None and enclosure.own_table else os.getpid()
        command = [sys.executable, "-m", __package__ + ".template", str(theirs.fileno()), str(parent)]
        entrance = None if enclosure is None else Entrance()
        fds = [theirs.fileno()]
        if enclosure is not None and entrance is not None:
            command = enclosure.command(command, entrance)
            fds.append(entrance.theirs.fileno())
        with theirs:
            process = subprocess.Popen(
                command,
                env={**environment, "PYDEVD_DISABLE_FILE_VALIDATION": "1"},
                cwd=cwd,
                pass_fds=fds,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        if enclosure is not None and entrance is not None:
            enclosure.open(entrance, process.pid)
        return cls(process, ours)

    @property
    def alive(self) -> bool:
        """Tell whether the process runs."""
        return not self._hung_up and self.process.poll() is None

    def imported(self, seconds: float) -> list[str]:
        """Wait until it has done its imports; return why it cannot be forked. Raises CannotFork."""
        return list(self._receive(seconds)[0]["obstacles"])

    def branch(self, order: BranchOrder, token: int) -> TemplateProcess:
        """Return a template that begins to run a notebook, with the token that a descriptor holds. Raises CannotFork."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            forked = self._forked("branch", [theirs.fileno(), token], order)
        return TemplateProcess(forked, ours)

    def prepared(self, cell_timeout: float, tell: Callable[[int, int], None]) -> Prepared:
        """Wait until the notebook has run, a cell at most so long. Raises CannotFork, TimeoutError."""
        while True:
            if not _readable(self._channel.fileno(), cell_timeout):
                raise TimeoutError
            answer, _ = self._receive(0)
            if answer["what"] == "prepared":
                return Prepared(answer["failure"], answer["obstacles"])
            tell(answer["done"], answer["total"])

    def fork(self, order: ForkOrder, token: int | None = None) -> Forked:
        """Return a kernel that can be connected to, with the token that a descriptor holds. Raises CannotFork."""
        reads, writes = os.pipe()
        with os.fdopen(reads, "rb", 0) as ready:
            try:
                forked = self._forked("fork", [writes] if token is None else [writes, token], order)
            finally:
                os.close(writes)
            _wait_ready(ready.fileno(), forked)
        return forked

    def _forked(self, what: str, descriptors: list[int], order: Order) -> Forked:
        answer, fds = self._asked(what, descriptors, **wire.fields(order))
        if answer["what"] == "refused":
            raise CannotFork(answer["reason"])
        return Forked(answer["pid"], fds[0], self)

    def exit_code(self, pid: int) -> int:
        """Return how a kernel ended; as if killed when the template is gone too."""
        for _ in range(20):
            try:
                code = self._asked("ended", pid=pid)[0]["code"]
            except CannotFork:
                break
            if code is not None:
                return int(code)
            time.sleep(0.005)
        return -signal.SIGKILL

    def kernels(self) -> list[int]:
        """Return the processes of the kernels that live. Raises CannotFork."""
        return list(self._asked("status")[0]["kernels"])

    def stop(self) -> None:
        """End it, and all kernels that were forked from it."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        self._channel.close()

    def _asked(
        self, what: str, fds: list[int] | None = None, **values: Any
    ) -> tuple[dict[str, Any], list[int]]:
        with self._lock:
            try:
                wire.send(self._channel, what, fds or [], **values)
            except OSError as error:
                self._hung_up = True
                raise CannotFork("its template has ended") from error
            return self._receive(ANSWER_SECONDS)

    def _receive(self, seconds: float) -> tuple[dict[str, Any], list[int]]:
        if not _readable(self._channel.fileno(), seconds):
            raise CannotFork(f"its template did not answer for {seconds:g} seconds")
        try:
            return wire.receive(self._channel)
        except (EOFError, OSError) as error:
            self._hung_up = True
            raise CannotFork("its template has ended") from error


def _number(handle: int) -> int:
    """Return the number that a process has here; where its template is, it may have another."""
    lines = Path(f"/proc/self/fdinfo/{handle}").read_text().splitlines()
    number = next(int(line.split()[1]) for line in lines if line.startswith("Pid:"))
    if number <= 0:
        raise CannotFork("it ended while it started")
    return number


def _readable(descriptor: int, seconds: float | None) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(None if seconds is None else seconds * 1000))


def _wait_ready(descriptor: int, forked: Forked) -> None:
    said = (
        os.read(descriptor, 2048) if _readable(descriptor, READY_SECONDS) else b"it did not begin to listen"
    )
    if said != READY:
        forked.kill()
        raise CannotFork(said.decode(errors="replace") or "it ended while it started")
