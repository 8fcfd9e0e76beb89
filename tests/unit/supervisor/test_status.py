"""How the processes are: states as they change, the file for other commands, the table for people."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from rich.console import Console as RichConsole

from notehouse_core.settings import Settings
from notehouse_hub.supervisor import lock, status
from notehouse_hub.supervisor.console import Console
from notehouse_hub.supervisor.process import Process, Spec
from notehouse_hub.supervisor.status import ProcessStatus, Status, StatusFile, where_it_runs
from notehouse_hub.supervisor.status_table import duration, table_of
from notehouse_hub.supervisor.watchman import last_line

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def some_status(port: int = 9000) -> Status:
    worker = ProcessStatus("worker", status.READY, 12, status.now() - 3700, 120_500_000, 2, "a run has ended")
    hub = ProcessStatus("hub", status.WAITING, None, status.now(), None, 1, "ended (killed by signal 9)")
    return Status(os.getpid(), port, f"http://127.0.0.1:{port}", status.now(), [worker, hub])


async def test_states_follow_a_process_through_death_and_stop(tmp_path: Path) -> None:
    spec = Spec(name="sleeper", command=SLEEP, environment={}, folder=tmp_path, log=tmp_path / "log")
    process = Process(spec, Console(io.StringIO()))
    assert (process.state, process.since) == (status.STARTING, None)
    await process.start()
    first, began = process.pid, process.since
    assert process.state == status.READY
    assert first is not None
    assert began is not None
    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(10):
        while process.restarts != 1 or process.state != status.READY:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)
    assert "killed by signal 9" in process.message
    assert process.pid not in {None, first}
    assert process.since is not None
    assert process.since > began
    await process.stop()
    assert (process.state, process.message) == (status.STOPPED, "")
    assert process.entry() is None


def test_the_file_is_for_its_user_alone_and_counts_only_while_something_runs(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    file = StatusFile(tmp_path)
    written = some_status()
    file.write(written)
    assert (tmp_path / "run" / "status.json").stat().st_mode & 0o777 == 0o600
    assert file.read() is None, "nobody holds the data folder"
    with lock.only_one(tmp_path):
        assert file.read() == written
        assert where_it_runs(Settings(data=tmp_path, port=8000)).port == 9000
        content = json.loads((tmp_path / "run" / "status.json").read_text())
        (tmp_path / "run" / "status.json").write_text(json.dumps({**content, "machine": "before"}))
        assert file.read() is None
    assert where_it_runs(Settings(data=tmp_path, port=8000)).port == 8000


def test_who_only_looks_refuses_no_start(tmp_path: Path) -> None:
    assert not lock.is_held(tmp_path / "nowhere")
    for _ in range(20):
        with lock.only_one(tmp_path):
            assert lock.is_held(tmp_path)
        assert not lock.is_held(tmp_path)


def test_the_table_is_one_line_a_process_in_a_narrow_terminal() -> None:
    output = io.StringIO()
    RichConsole(file=output, width=80).print(table_of(some_status()))
    head, worker, hub = (line.rstrip() for line in output.getvalue().splitlines())
    assert head.split()[:2] == ["process", "state"]
    assert worker.split()[:7] == ["worker", "ready", "12", "1", "h", "1", "m"]
    assert "120 MB" in worker
    assert "ended (killed" in hub


def test_durations_have_two_units() -> None:
    words = [duration(seconds) for seconds in (0, 59.9, 61, 3600, 90_000)]
    assert words == ["0 s", "59 s", "1 m 1 s", "1 h 0 m", "1 d 1 h"]


def test_the_last_line_of_a_log_is_shown_without_its_facts_and_secrets(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert last_line(log) == ""
    log.write_text('plain\n{"time": "x", "message": "a run has ended", "run": "r"}\n')
    assert last_line(log) == "a run has ended"
    log.write_text("2026.11.25 04:32:45.361503 [ 14215 ] {} <Warning> Merges: slow\n")
    assert last_line(log) == "<Warning> Merges: slow"
    log.write_text("2026-11-25 04:32:07.494 UTC [14173] LOG:  ready\n")
    assert last_line(log) == "LOG:  ready"
    log.write_text("2026-11-25T04:32:27.215Z [ConfigProxy] \x1b[33mwarn\x1b[39m: 404 GET /\n")
    assert last_line(log) == "[ConfigProxy] warn: 404 GET /"
    log.write_text("GET /x?token=abcdef\n")
    assert "abcdef" not in last_line(log)


def test_without_a_terminal_no_picture_is_drawn() -> None:
    output = io.StringIO()
    console = Console(output)
    console.show(table_of(some_status()))
    console.show(None)
    assert output.getvalue() == ""


def status_command(data: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "notehouse_hub.cli", "status", "--data", str(data), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_says_whether_all_is_well(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    nothing = status_command(tmp_path)
    assert (nothing.returncode, "Start one with" in nothing.stdout) == (3, True)
    with lock.only_one(tmp_path):
        StatusFile(tmp_path).write(some_status())
        found = status_command(tmp_path, "--json")
        assert (found.returncode, json.loads(found.stdout)["ready"]) == (1, False)
        assert "http://127.0.0.1:9000" in status_command(tmp_path).stdout
