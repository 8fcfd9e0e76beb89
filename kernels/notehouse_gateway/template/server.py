"""Serves the owner of a template: prepare, fork, status, stop. Returns in a fork, and there only."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
from dataclasses import dataclass, field
from typing import Any

from notehouse_gateway.template import kernel, strays, wire
from notehouse_gateway.template.fork_safety import obstacles
from notehouse_gateway.template.wire import BranchOrder, ForkOrder, Order


@dataclass
class TemplateServer:
    """The template's side of the socket pair, and the kernels that were forked from it."""

    channel: socket.socket
    token: int | None = None  # of a template that runs a notebook
    kernels: set[int] = field(default_factory=set)
    ended: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(self._woken, False)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, kernel.unused)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        strays.adopt()

    @property
    def own_descriptors(self) -> frozenset[int]:
        """Those that are open for the template's own sake."""
        own = {self.channel.fileno(), self._woken, self._wake}
        return frozenset(own if self.token is None else own | {self.token})

    def look(self, safe_threads: frozenset[int] = frozenset()) -> list[str]:
        """Return why this process cannot be forked; nothing when it can."""
        return obstacles(self.own_descriptors, safe_threads)

    def serve(self) -> tuple[Order, list[int]]:
        """Answer until the owner is gone, which ends the process. In a fork: return its order and its descriptors.

        The first is what it talks by, a second one holds its token.
        """
        poll = select.poll()
        poll.register(self.channel, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        while True:
            events = dict(poll.poll())
            self._reap()
            if self.channel.fileno() not in events:
                continue
            try:
                request, fds = wire.receive(self.channel)
            except (EOFError, ConnectionError):
                os._exit(0)
            if (forked := self._answer(request, fds)) is not None:
                return forked

    def _answer(self, request: dict[str, Any], fds: list[int]) -> tuple[Order, list[int]] | None:
        what = request.pop("what")
        if what == "fork":
            return self._fork(ForkOrder(**request), fds)
        if what == "branch":
            return self._fork(BranchOrder(**request), fds)
        if what == "ended":
            wire.send(self.channel, "ended", code=self.ended.get(request["pid"]))
        elif what == "status":
            wire.send(self.channel, "status", kernels=sorted(self.kernels))
        elif what == "stop":
            os._exit(0)
        return None

    def _fork(self, order: Order, theirs: list[int]) -> tuple[Order, list[int]] | None:
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            _close(theirs)
            wire.send(self.channel, "refused", reason=f"the system forks no more: {error.strerror}")
            return None
        if pid == 0:
            self._forget()
            kernel.settle(order, parent, theirs[1] if theirs[1:] else None)
            return order, theirs
        self._tell_forked(pid, theirs)
        return None

    def _forget(self) -> None:
        signal.set_wakeup_fd(-1)
        for descriptor in self.own_descriptors:
            os.close(descriptor)
        self.channel.detach()

    def _tell_forked(self, pid: int, theirs: list[int]) -> None:
        _close(theirs)
        self.kernels.add(pid)
        handle = os.pidfd_open(pid)
        wire.send(self.channel, "forked", [handle], pid=pid)
        os.close(handle)

    def _reap(self) -> None:
        """Take leave of kernels that have ended, and keep how they did."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, 4096)
        for pid in list(self.kernels):
            _end_group_of_dead(pid)
            try:
                ended, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                ended, status = pid, 0
            if ended:
                self.kernels.discard(pid)
                self.ended[pid] = os.waitstatus_to_exitcode(status)
                while len(self.ended) > 1000:
                    del self.ended[next(iter(self.ended))]
        strays.end(self.kernels)


def _close(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _end_group_of_dead(pid: int) -> None:
    """End what a kernel that has ended had started; until it is waited for, no other group can have its number."""
    with contextlib.suppress(ChildProcessError, ProcessLookupError):
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            os.killpg(pid, signal.SIGKILL)
