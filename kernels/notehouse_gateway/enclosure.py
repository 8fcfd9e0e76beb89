"""Starts processes without the machine's network, where it allows that: the query gateway and the API alone answer."""

from __future__ import annotations

import ipaddress
import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from notehouse_gateway.template import namespaces, trial, wire

REACHED = ("NOTEHOUSE_QUERY_URL", "NOTEHOUSE_API_URL")

log = logging.getLogger(__name__)


class CannotCut(Exception):
    """Kernels keep the machine's network; the message says why."""


@dataclass
class Enclosure:
    """The addresses that answer inside, and the process outside that carries bytes to them."""

    addresses: Sequence[str]
    writable: Sequence[str] = ()  # the folders that may be written to; none: those of its user
    own_table: bool = False  # whether processes inside are in a table of their own, which ends with the first
    _forwarder: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _channel: socket.socket | None = field(default=None, repr=False)

    def command(self, inner: Sequence[str], entrance: Entrance, processes: int = 0) -> list[str]:
        """Return the command line that runs another, enclosed; it inherits the entrance's descriptor."""
        places = json.dumps(list(self.writable))
        numbers = (os.getpid(), entrance.theirs.fileno(), int(self.own_table), processes)
        own = [*map(str, numbers), places, *self.addresses]
        return [sys.executable, "-m", f"{__package__}.enclosed", *own, "--", *inner]

    def open(self, entrance: Entrance, pid: int) -> None:
        """Have the forwarder serve a process that was started, for as long as it lives."""
        handle = os.pidfd_open(pid)
        try:
            wire.send(self._running(), "serve", [entrance.ours.fileno(), handle])
        finally:
            os.close(handle)
            entrance.close()

    def _running(self) -> socket.socket:
        if self._channel is None or self._forwarder is None or self._forwarder.poll() is not None:
            self.close()
            self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                own = [str(theirs.fileno()), *self.addresses]
                self._forwarder = subprocess.Popen(
                    [sys.executable, "-m", f"{__package__}.forwarder", *own],
                    env={"PATH": os.environ.get("PATH", "")},
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )
        return self._channel

    def close(self) -> None:
        """End the forwarder."""
        if self._channel is not None:
            self._channel.close()
        if self._forwarder is not None:
            self._forwarder.kill()
            self._forwarder.wait()
        self._channel = self._forwarder = None


class Entrance:
    """Two ends of a socket: the enclosed process sends its listeners by one, the forwarder takes them from the other."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def close(self) -> None:
        """Close both here; whoever was given one has its own."""
        self.ours.close()
        self.theirs.close()


def enclosure(environment: Mapping[str, str]) -> Enclosure:
    """Return one for what this environment says is reached. Raises CannotCut."""
    addresses = [_loopback(environment[name]) for name in REACHED if name in environment]
    if not addresses:
        raise CannotCut("nothing is said of where data is")
    if (why := trial.why_not(namespaces.NEW_NETWORK)) is not None:
        raise CannotCut(why)
    return Enclosure(sorted(set(addresses)))


def _loopback(url: str) -> str:
    parts = urlsplit(url)
    host = "127.0.0.1" if parts.hostname == "localhost" else str(parts.hostname)
    try:
        local = ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        raise CannotCut(f"{host} is not on this machine; a network policy has to keep kernels from the rest")
    return f"{host}:{parts.port or {'https': 443}.get(parts.scheme, 80)}"
