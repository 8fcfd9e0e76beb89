"""Fixtures of the embedded engines: `folder` (one that the engines' Unix users can reach), `free_port`."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from notehouse_hub.embedded.standalone import engine_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    with engine_folder() as path:
        yield path


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
