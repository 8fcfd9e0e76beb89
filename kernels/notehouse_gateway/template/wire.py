"""What a template and the process that owns it say to each other: one JSON object a packet of a socket pair."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

LONGEST = 200_000  # bytes of a packet; what may be longer goes through a file
READY = b"ready"


@dataclass(frozen=True)
class ForkOrder:
    """A kernel that is wanted: the arguments of its launcher, and where and with which environment it runs.

    With `processes` it is closed in: so many processes and threads at most, and others' memory closed to it.
    """

    arguments: list[str]
    environment: dict[str, str] = field(repr=False)
    cwd: str
    processes: int = 0


@dataclass(frozen=True)
class BranchOrder:
    """A template of its own that is wanted: it runs a notebook first. Files: the notebook, and it with its outputs."""

    notebook: str
    executed: str
    environment: dict[str, str] = field(repr=False)
    cwd: str
    processes: int = 0


Order = ForkOrder | BranchOrder


def send(channel: socket.socket, what: str, fds: Sequence[int] = (), **values: Any) -> None:
    """Send one object; descriptors go with it. Raises OSError."""
    packet = json.dumps({"what": what, **values}).encode()
    if len(packet) > LONGEST:
        raise ValueError(f"a packet of {len(packet)} bytes is too long")
    socket.send_fds(channel, [packet], list(fds))


def receive(channel: socket.socket, most_fds: int = 2) -> tuple[dict[str, Any], list[int]]:
    """Return the next object and the descriptors that came with it. Raises EOFError when the other end is gone."""
    packet, fds, _, _ = socket.recv_fds(channel, LONGEST, most_fds)
    if not packet:
        raise EOFError("the other end is gone")
    return json.loads(packet), list(fds)


def fields(order: Order) -> dict[str, Any]:
    """Return an order as it travels."""
    return asdict(order)
