"""Starts that must be refused: each in words that say what to do, with nothing started and no traceback."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from notehouse_hub.embedded.standalone import engine_folder
from notehouse_hub.supervisor import folders, lock, users


@pytest.fixture
def data() -> Iterator[Path]:
    with engine_folder() as folder:
        yield folder / "data"


def up(data: Path, port: int) -> str:
    """Run `notehouse up` to its end and return what it said; it must have refused."""
    command = [sys.executable, "-m", "notehouse_hub.cli", "up", "--data", str(data), "--port", str(port)]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    said = finished.stdout + finished.stderr
    assert finished.returncode == 1, said
    assert "Traceback" not in said
    return said


def free_base() -> int:
    """A port with the eight after it free, below those that the system hands out by itself."""
    for first in range(20_000 + os.getpid() % 3000, 30_000, 9):
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for offset in range(9):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", first + offset))
            return first
    raise OSError("no nine free ports in a row")


def test_a_taken_port_is_named_and_nothing_is_made(data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        said = up(data, port - 4)
    assert f"{port} (query gateway)" in said
    assert "--port" in said
    assert not (data / "postgres").exists()
    assert not (data / "secrets").exists()


def test_a_second_one_on_the_same_data_folder_is_told_who_has_it(data: Path) -> None:
    data.mkdir()
    with lock.only_one(data):
        said = up(data, free_base())
    assert f"already running on the data folder {data} (process {os.getpid()})" in said


def test_a_data_folder_that_cannot_be_written_is_refused(data: Path) -> None:
    data.write_text("a file stands where the folder should be")
    assert "cannot be written" in up(data, free_base())


def test_a_folder_that_other_unix_users_cannot_reach_is_refused_to_root(data: Path) -> None:
    closed = data.with_name("closed")
    closed.mkdir(mode=0o700)
    if os.geteuid() != 0:
        folders.make(closed, users.choose(200_000, True))  # one user for all: nobody else must reach it
        return
    said = up(closed / "data", free_base())
    assert f"may not pass through {closed}" in said
    assert "chmod o+x" in said
