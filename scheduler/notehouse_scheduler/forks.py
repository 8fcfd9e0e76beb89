"""Processes that execute notebooks, forked from one that has done its imports; the worker's side of it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from asyncio.streams import FlowControlMixin
from contextlib import suppress
from dataclasses import dataclass

LONGEST = 4096
READY_SECONDS = 60.0


class CannotFork(Exception):
    """There is no fork now; a new process does instead."""


@dataclass
class Forked:
    """One such process, with what is used of `asyncio.subprocess.Process`."""

    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader
    _end: asyncio.StreamReader
    _handle: int
    returncode: int | None = None

    async def wait(self) -> int:
        """Return how it ended, as if killed when that cannot be known."""
        if self.returncode is None:
            self.returncode = int(await self._end.read() or -signal.SIGKILL)
            os.close(self._handle)
            self.stdin.close()
        return self.returncode

    def terminate(self) -> None:
        """Ask it to end."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self._send(signal.SIGKILL)

    def _send(self, number: int) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)


class Forks:
    """Keeps the process that is forked; one a worker, of whose thread it must be the child."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._lock = threading.Lock()
        self._ready = False

    def begin(self) -> None:
        """Start it, unless it runs."""
        if self._process is not None and self._process.poll() is None:
            return
        self.end()
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel.settimeout(READY_SECONDS)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"{__package__}.run_template", str(theirs.fileno())],
                env=self._environment,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
        self._ready = False

    def end(self) -> None:
        """End it; what was forked from it ends too."""
        if self._channel is not None:
            self._channel.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._channel = self._process = None

    async def fork(self, line: int) -> Forked:
        """Return a process that waits for its order; `line` is the longest that it may write. Raises CannotFork."""
        (reads_order, order), (events, writes_events), (end, writes_end) = os.pipe(), os.pipe(), os.pipe()
        theirs = [reads_order, writes_events, writes_end]
        try:
            handle = await asyncio.to_thread(self._forked, theirs)
        except CannotFork:
            for descriptor in (order, events, end):
                os.close(descriptor)
            raise
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        return Forked(await _writer(order), await _reader(events, line), await _reader(end, line), handle)

    def _forked(self, descriptors: list[int]) -> int:
        with self._lock:
            if self._channel is None:
                raise CannotFork("nothing was started to fork from")
            try:
                if not self._ready:
                    self._ready = bool(self._channel.recv(LONGEST))
                socket.send_fds(self._channel, [b"fork"], descriptors)
                answer, handles, _, _ = socket.recv_fds(self._channel, LONGEST, 1)
            except OSError as error:
                raise CannotFork(str(error)) from error
            if not answer or not handles:
                raise CannotFork("the process that is forked has ended")
            return handles[0]


async def _reader(descriptor: int, longest: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=longest)
    pipe = os.fdopen(descriptor, "rb", 0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader


async def _writer(descriptor: int) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(FlowControlMixin, os.fdopen(descriptor, "wb", 0))
    return asyncio.StreamWriter(transport, protocol, None, loop)
