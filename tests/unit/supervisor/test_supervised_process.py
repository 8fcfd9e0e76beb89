"""One supervised process, with small real children: restart, stop, readiness, logs, standard input."""

import asyncio
import io
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from notehouse_hub.supervisor.console import Console
from notehouse_hub.supervisor.errors import ProcessFailedError
from notehouse_hub.supervisor.process import Process, Spec

FOREVER = "import time; print('up', flush=True); time.sleep(600)"


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def spec(tmp_path: Path) -> Callable[..., Spec]:
    def make(code: str, **fields: object) -> Spec:
        command = [sys.executable, "-c", code]
        base = Spec(
            name="child", command=command, environment={}, folder=tmp_path, log=tmp_path / "child.log"
        )
        return replace(base, **fields)  # type: ignore[arg-type]

    return make


async def until(true: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.02)


async def test_a_killed_process_comes_back_at_once_and_says_so(
    spec: Callable[..., Spec], said: io.StringIO
) -> None:
    process = Process(spec(FOREVER), Console(said))
    await process.start()
    first = process.pid
    assert first
    process._child.kill()  # type: ignore[union-attr]
    began = time.monotonic()
    await until(lambda: process.pid not in {None, first})
    assert time.monotonic() - began < 2
    await process.stop()
    assert process.pid is None
    assert "killed by signal 9" in said.getvalue()


async def test_a_stopped_process_does_not_come_back(spec: Callable[..., Spec], said: io.StringIO) -> None:
    process = Process(spec(FOREVER), Console(said))
    await process.start()
    await process.stop()
    await asyncio.sleep(0.3)
    assert process.pid is None


async def test_one_that_ignores_the_signal_is_killed(spec: Callable[..., Spec], said: io.StringIO) -> None:
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); open('deaf', 'w'); time.sleep(600)"
    child = spec(deaf, stop_patience=0.3)
    process = Process(child, Console(said))
    await process.start()
    await until((child.folder / "deaf").exists)
    began = time.monotonic()
    await process.stop()
    assert time.monotonic() - began < 3
    assert "was killed" in said.getvalue()


async def test_a_failing_start_shows_the_end_of_the_log(spec: Callable[..., Spec], said: io.StringIO) -> None:
    async def never() -> bool:
        return False

    process = Process(spec("raise SystemExit('no such database')", ready=never), Console(said))
    with pytest.raises(ProcessFailedError, match=r"ended with code 1(.|\n)*no such database"):
        await process.start()


async def test_one_that_never_gets_ready_is_ended(spec: Callable[..., Spec], said: io.StringIO) -> None:
    async def never() -> bool:
        return False

    process = Process(spec(FOREVER, ready=never, patience=0.4), Console(said))
    with pytest.raises(ProcessFailedError, match="was not ready"):
        await process.start()
    assert process.pid is None


async def test_it_gets_exactly_the_environment_and_input_it_was_given(
    spec: Callable[..., Spec], said: io.StringIO
) -> None:
    code = "import os, sys; print(sorted(os.environ), sys.stdin.readline().strip(), flush=True); " + FOREVER
    child = spec(code, environment={"ONLY": "this"}, said="the key")
    process = Process(child, Console(said))
    await process.start()
    await until(lambda: "up" in child.log.read_text())
    await process.stop()
    line = child.log.read_text().splitlines()[0]
    assert "'ONLY'" in line
    assert "PATH" not in line
    assert line.endswith("the key")


async def test_what_follows_a_restart_is_done_once_ready(
    spec: Callable[..., Spec], said: io.StringIO
) -> None:
    told: list[str] = []

    async def tell() -> None:
        told.append("told")

    process = Process(spec(FOREVER, after_restart=tell), Console(said))
    await process.start()
    assert told == []
    await process.restart("rights have changed")
    await until(lambda: told == ["told"])
    await process.stop()
    assert "rights have changed" in said.getvalue()
    assert "killed" not in said.getvalue()


async def test_the_stop_signal_is_the_one_that_was_asked_for(
    spec: Callable[..., Spec], said: io.StringIO
) -> None:
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGINT, lambda *_: (print('fast', flush=True), sys.exit(0)))\n" + FOREVER
    )
    child = spec(code, stop_signal=signal.SIGINT)
    process = Process(child, Console(said))
    await process.start()
    await until(lambda: "up" in child.log.read_text())
    await process.stop()
    assert "fast" in child.log.read_text()


async def test_one_that_runs_but_gives_no_sign_of_life_is_started_anew(
    spec: Callable[..., Spec], said: io.StringIO
) -> None:
    answers = [False]

    async def alive() -> bool:
        return answers[0]

    process = Process(spec(FOREVER, alive=alive, hangs_after=0.3), Console(said))
    await process.start()
    first = process.pid
    await until(lambda: process.pid not in {None, first})
    answers[0] = True
    await process.stop()
    assert "has not answered" in said.getvalue()
