"""Fixtures that tests of several parts share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from notehouse_hub.supervisor import environment
from parts import PLATFORM, Parts, part_of


@pytest.fixture(scope="session")
def code_python() -> Path:
    """An interpreter that runs people's code: as root one that every Unix user may execute.

    The same that `notehouse up` makes, in a folder that stays, so that only the first run waits for it.
    """
    if os.geteuid() != 0:
        return Path(sys.executable)
    data = Path("/var/cache/notehouse/tests")
    data.mkdir(parents=True, exist_ok=True)
    for _ in environment.shared_python(data):
        continue
    return environment.python_of(data)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest part."""
    items.sort(key=lambda item: part_of(item.nodeid) != PLATFORM)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Parts:
    """Run the parts beside each other where there are several processes."""
    return Parts(config, log)


@pytest.fixture(autouse=True)
def umask_as_before() -> Iterator[None]:
    """A test that configures a Hub in this very process closes new files to others, for all tests after it."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)
