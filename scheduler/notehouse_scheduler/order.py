"""What does a worker tell the child that executes a notebook, and what does the child answer?

Everything goes over pipes as JSON: the order is the one line on the child's standard input, events are lines
on its standard output. Nothing secret is in arguments or the environment, which other processes could read.
"""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, field
from typing import Any, TextIO

MEBIBYTE = 2**20


@dataclass(frozen=True)
class OutputLimits:
    """How many bytes of output are kept, of a cell and of a notebook."""

    cell: int = 2 * MEBIBYTE
    total: int = 20 * MEBIBYTE


@dataclass(frozen=True)
class Order:
    """One notebook to execute in a kernel that waits at a gateway. Times are seconds, files local paths."""

    gateway_url: str
    hub_token: str
    kernel_id: str
    notebook: str
    output: str
    cell_timeout: int
    run: str = ""  # its id, for the log
    parameters: dict[str, Any] = field(default_factory=dict)
    limits: OutputLimits = field(default_factory=OutputLimits)

    def dump(self) -> bytes:
        """Write the line that the child reads."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def load(cls, line: str) -> Order:
        """Read the line that the worker wrote."""
        content = json.loads(line)
        return cls(**{**content, "limits": OutputLimits(**content["limits"])})


@dataclass(frozen=True)
class Progress:
    """How far an execution is: code cells done, all of them, and the number of the cell that runs."""

    done: int
    total: int
    cell: int | None = None


@dataclass(frozen=True)
class RunError:
    """Why a run failed. `cell` is its place in the notebook from one; None if it is not about a cell."""

    cell: int | None
    name: str
    message: str


Event = Progress | RunError
_KINDS: dict[str, type[Progress | RunError]] = {"progress": Progress, "error": RunError}


class EventWriter:
    """Writes events as lines; the threads of one process may share it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, event: Event) -> None:
        """Write one event."""
        kind = "error" if isinstance(event, RunError) else "progress"
        with self._lock:
            self._stream.write(json.dumps({"kind": kind, **asdict(event)}) + "\n")
            self._stream.flush()


def read_event(line: bytes) -> Event:
    """Read one line of a child; raises ValueError if it is none."""
    content = json.loads(line)
    kind = _KINDS.get(content.pop("kind", ""))
    if kind is None:
        raise ValueError("not an event")
    return kind(**content)
