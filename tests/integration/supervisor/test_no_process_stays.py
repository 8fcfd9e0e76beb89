"""No process stays behind: orphans in sessions of their own, and what a killed supervisor left.

Each case runs a small supervisor as a process of its own: being a subreaper concerns a whole process.
"""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from notehouse_hub.supervisor import process_table
from notehouse_hub.supervisor.leftovers import Register

# A process that starts another in a session of its own, writes its pid, and lives on or ends.
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[2]], start_new_session=True)
open(sys.argv[1], "w").write(str(child.pid))
time.sleep(float(sys.argv[3]))
"""
SLEEP = "import time; time.sleep(600)"
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"

SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from notehouse_hub.supervisor import reaper
from notehouse_hub.supervisor.caretaker import Caretaker
from notehouse_hub.supervisor.console import Console
from notehouse_hub.supervisor.leftovers import Register
from notehouse_hub.supervisor.process import Process, Spec

async def main():
    folder, parent, child, lives = Path(sys.argv[1]), *sys.argv[2:5]
    assert reaper.become_subreaper()
    console = Console()
    caretaker = Caretaker(Register(folder), console)
    command = [sys.executable, "-c", parent, str(folder / "orphan"), child, lives]
    spec = Spec(name="parent", command=command, environment={}, folder=folder, log=folder / "log")
    keeping = asyncio.create_task(caretaker.watch())
    await caretaker.add(Process(spec, console)).start()
    (folder / "started").touch()
    while not (folder / "stop").exists():
        await asyncio.sleep(0.05)
    keeping.cancel()
    await caretaker.stop_everything()

asyncio.run(main())
"""


def _until(true: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    entry = process_table.read(pid)
    return entry is not None and not entry.zombie


def _supervise(folder: Path, child: str, lives: float) -> tuple[subprocess.Popen[bytes], int]:
    """Start a supervisor whose process starts `child` and then lives for `lives` seconds."""
    command = [sys.executable, "-c", SUPERVISOR, str(folder), PARENT, child, str(lives)]
    process = subprocess.Popen(command)
    _until(lambda: (folder / "orphan").exists() and (folder / "orphan").read_text())
    return process, int((folder / "orphan").read_text())


@pytest.mark.parametrize("child", [SLEEP, DEAF], ids=["obedient", "deaf"])
def test_an_orphan_in_a_session_of_its_own_is_ended_with_the_supervisor(tmp_path: Path, child: str) -> None:
    supervisor, orphan = _supervise(tmp_path, child, lives=0)
    _until(lambda: process_table.read(orphan).parent == supervisor.pid)  # type: ignore[union-attr]
    (tmp_path / "stop").touch()
    assert supervisor.wait(20) == 0
    assert not _runs(orphan)


def test_an_adopted_child_that_ends_leaves_no_zombie(tmp_path: Path) -> None:
    supervisor, orphan = _supervise(tmp_path, SLEEP, lives=0)
    _until(lambda: process_table.read(orphan).parent == supervisor.pid)  # type: ignore[union-attr]
    os.kill(orphan, signal.SIGKILL)
    _until(lambda: process_table.read(orphan) is None)
    (tmp_path / "stop").touch()
    assert supervisor.wait(20) == 0


ENDING = textwrap.dedent("""
    import asyncio, sys
    from pathlib import Path
    from notehouse_hub.supervisor.leftovers import Register, end_survivors
    print(asyncio.run(end_survivors(Register(Path(sys.argv[1])))))
""")


def test_the_start_after_a_kill_9_ends_what_is_left(tmp_path: Path) -> None:
    supervisor, orphan = _supervise(tmp_path, SLEEP, lives=600)
    register = tmp_path / "processes.json"
    _until(lambda: register.exists() and str(orphan) in register.read_text())
    supervisor.kill()
    supervisor.wait()
    assert _runs(orphan)
    ended = subprocess.run(
        [sys.executable, "-c", ENDING, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "2"
    assert not _runs(orphan)
    assert not register.exists()


def test_a_number_that_belongs_to_another_process_now_is_left_alone(tmp_path: Path) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", SLEEP])
    try:
        register = Register(tmp_path)
        register.write(process_table.everything())
        content = json.loads((tmp_path / "processes.json").read_text())
        content["processes"] = [[bystander.pid, 1]]
        (tmp_path / "processes.json").write_text(json.dumps(content))
        assert register.survivors() == []
        content["processes"] = [list(process_table.read(bystander.pid).identity)]  # type: ignore[union-attr]
        content["machine"] = "before the machine was started again"
        (tmp_path / "processes.json").write_text(json.dumps(content))
        assert register.survivors() == []
    finally:
        bystander.kill()
        bystander.wait()
