"""How is each process of a running platform? Written down by its supervisor, for its own user's other commands."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from notehouse_core.settings import Settings
from notehouse_hub.supervisor import lock
from notehouse_hub.supervisor.leftovers import machine_start

READY, STARTING, WAITING, STOPPING, STOPPED = "ready", "starting", "waiting", "stopping", "stopped"
_FILE = "run/status.json"


@dataclass(frozen=True)
class ProcessStatus:
    """One process: `since` is when it was started (Unix seconds), `memory` its bytes where that is known."""

    name: str
    state: str
    pid: int | None
    since: float | None
    memory: int | None
    restarts: int
    message: str


@dataclass(frozen=True)
class Status:
    """A whole platform; `port` is the one it really has."""

    supervisor: int
    port: int
    url: str
    since: float
    processes: list[ProcessStatus]

    @property
    def all_ready(self) -> bool:
        """Say whether every process is."""
        return bool(self.processes) and all(one.state == READY for one in self.processes)


class StatusFile:
    """The file in the data folder; only the user who runs the platform can read it."""

    def __init__(self, data: Path) -> None:
        self._path = data / _FILE
        self._data = data

    def write(self, status: Status) -> None:
        """Write it, whole or not at all."""
        draft = self._path.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump({"machine": machine_start(), **asdict(status)}, file)
        draft.replace(self._path)

    def clear(self) -> None:
        """Remove it: nothing runs any more."""
        self._path.unlink(missing_ok=True)

    def read(self) -> Status | None:
        """Return what the running supervisor has written; None when none runs here, or none that we may see."""
        if not lock.is_held(self._data):
            return None
        try:
            content = json.loads(self._path.read_text())
        except (FileNotFoundError, PermissionError):
            return None
        if content.pop("machine") != machine_start():
            return None
        processes = [ProcessStatus(**one) for one in content.pop("processes")]
        return Status(**content, processes=processes)


def where_it_runs(settings: Settings) -> Settings:
    """Return settings with the port that the running platform of this data folder has, if one runs."""
    running = StatusFile(settings.data).read()
    return settings.model_copy(update={"port": running.port}) if running else settings


def now() -> float:
    """Return the moment, comparable with `since`."""
    return time.time()
