"""What an operator sees: ports that moved, the live table, status and doctor, and what they say of what is broken."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from acceptance.platform import eventually
from notehouse_core.settings import Settings
from notehouse_hub.embedded.standalone import engines

BASE = Settings.model_fields["port"].default


@dataclass
class Terminal:
    """A platform started in a terminal with nobody asking for a port; `shown` is all that it has drawn."""

    data: Path
    process: subprocess.Popen[bytes]
    shown: bytearray = field(default_factory=bytearray)

    def notehouse(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command from another terminal; only the data folder is named."""
        command = [sys.executable, "-m", "notehouse_hub.cli", *words, "--data", str(self.data)]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())

    def findings(self) -> dict[str, dict[str, Any]]:
        return {one["name"]: one for one in json.loads(self.notehouse("doctor", "--json").stdout)}

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.notehouse("status", "--json").stdout)
        return found

    def pid(self, name: str) -> int:
        return next(int(one["pid"]) for one in self.status()["processes"] if one["name"] == name)


def _environment() -> dict[str, str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith("NOTEHOUSE_")}
    return {**given, "NOTEHOUSE_ENGINES": str(engines()), "TERM": "xterm", "COLUMNS": "140", "LINES": "40"}


@pytest.fixture(scope="module")
def terminal() -> Iterator[Terminal]:
    folder = Path(tempfile.mkdtemp(prefix="notehouse-", dir="/var/tmp"))
    folder.chmod(0o755)
    command = [sys.executable, "-m", "notehouse_hub.cli", "up", "--no-demo", "--data", str(folder / "data")]
    ours, theirs = pty.openpty()
    with ExitStack() as stack:
        taken = stack.enter_context(socket.socket())
        with suppress(OSError):  # somebody else's program has it, which serves as well
            taken.bind(("127.0.0.1", BASE + 4))
            taken.listen()
        process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=_environment())
        found = Terminal(folder / "data", process)
        threading.Thread(target=_read, args=(ours, found.shown), daemon=True).start()
        try:
            eventually(lambda: _is_up(found), 300, "it is up")
            yield found
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            shutil.rmtree(folder, ignore_errors=True)


def _read(terminal: int, into: bytearray) -> None:
    with suppress(OSError):
        while piece := os.read(terminal, 65_536):
            into.extend(piece)


def _is_up(terminal: Terminal) -> bool:
    if terminal.process.poll() is not None:
        raise RuntimeError(terminal.shown.decode(errors="replace")[-4000:])
    return b"Notehouse is up" in terminal.shown


def test_commands_find_the_port_that_moved(terminal: Terminal) -> None:
    found = terminal.status()
    assert found["port"] > BASE
    assert f"Notehouse is on {found['port']} this time".encode() in terminal.shown
    assert httpx.get(f"http://127.0.0.1:{found['port']}/hub/health", trust_env=False).status_code == 200
    assert f"127.0.0.1:{found['port'] + 7}" in terminal.notehouse("prometheus-config").stdout
    assert str(found["port"]) in terminal.findings()["ports"]["text"]
    assert (terminal.data / "run" / "status.json").stat().st_mode & 0o777 == 0o600


def test_a_terminal_shows_how_the_processes_are(terminal: Terminal) -> None:
    eventually(lambda: b"last message" in terminal.shown, 10)
    said = terminal.notehouse("status")
    assert said.returncode == 0, said.stdout
    for name in (
        "postgres",
        "clickhouse",
        "hub",
        "api",
        "query-gateway",
        "dashboards",
        "worker",
        "printer",
        "culler",
    ):
        assert name in said.stdout
        assert name.encode() in terminal.shown


def test_doctor_finds_nothing_wrong_with_a_platform_that_is_well(terminal: Terminal) -> None:
    said = terminal.notehouse("doctor")
    assert said.returncode == 0, said.stdout
    assert "as this Notehouse needs it" in said.stdout
    assert "access classes in" in said.stdout
    assert "events are as they were written" in said.stdout


def test_doctor_says_which_process_hangs(terminal: Terminal) -> None:
    worker = terminal.pid("worker")
    os.kill(worker, signal.SIGSTOP)
    try:
        found = terminal.findings()
    finally:
        os.kill(worker, signal.SIGCONT)
    assert not found["worker"]["fine"]
    assert "worker.log" in found["worker"]["todo"]
    assert not found["running"]["fine"]
    assert found["api"]["fine"]


def test_a_process_that_was_killed_is_counted(terminal: Terminal) -> None:
    os.kill(terminal.pid("printer"), signal.SIGKILL)
    eventually(lambda: _restarts(terminal, "printer") == 1, 30, "it is back")
    eventually(lambda: terminal.findings()["printer"]["fine"], 30, "it answers")


def _restarts(terminal: Terminal, name: str) -> int:
    return next(int(one["restarts"]) for one in terminal.status()["processes"] if one["name"] == name)


def test_doctor_finds_what_is_open_or_too_old(terminal: Terminal) -> None:
    key = terminal.data / "secrets" / "cookie-secret"
    key.chmod(0o644)
    try:
        said = terminal.notehouse("doctor")
    finally:
        key.chmod(0o600)
    assert said.returncode == 1
    assert "secrets/cookie-secret" in said.stdout
    assert "chmod go=" in said.stdout


def test_the_end_leaves_nothing_to_show(terminal: Terminal) -> None:
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.process.wait(60) == 0
    assert b"Stopped: nothing is left running." in terminal.shown
    assert terminal.notehouse("status").returncode == 3
    assert not (terminal.data / "run" / "status.json").exists()
