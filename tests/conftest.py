"""Fixtures that tests of several parts share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from notehouse_hub.supervisor import environment

PLATFORM = "platform"  # the fixture


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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each part of the tests to one process, so that what its tests share is started once; the longest first."""
    items.sort(key=lambda item: _part(item) != PLATFORM)
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_part(item)))


def _part(item: Any) -> str:
    """The running platform's tests, a test file that starts one of its own, or a folder."""
    kind, *below = item.path.relative_to(Path(__file__).parent).parts
    if kind == "acceptance":
        shared = PLATFORM in getattr(item, "fixturenames", ()) and not hasattr(item.module, PLATFORM)
        return PLATFORM if shared else below[0]
    return f"{kind}/{below[0]}" if kind == "integration" else kind


@pytest.fixture(autouse=True)
def umask_as_before() -> Iterator[None]:
    """A test that configures a Hub in this very process closes new files to others, for all tests after it."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)
