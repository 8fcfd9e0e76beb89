"""Fixtures: an embedded ClickHouse to ask for its opinion of SQL, and the way to it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from notehouse_core.settings import Settings
from notehouse_hub.embedded.standalone import RunningClickHouse, embedded_clickhouse, engine_folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settings_of(server: RunningClickHouse) -> Settings:
    return Settings(clickhouse_url=server.url, clickhouse_key=server.key)


@pytest.fixture(scope="session")
def clickhouse() -> Iterator[RunningClickHouse]:
    with engine_folder() as folder, embedded_clickhouse(folder, free_port()) as server:
        yield server
