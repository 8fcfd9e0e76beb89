"""Fixtures: one platform for all acceptance tests, and its people.

NOTEHOUSE_TEST_PLATFORM=port:data:password uses a platform that runs already, and NOTEHOUSE_KAFKA_BROKERS its Kafka.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from acceptance.log_excerpt import excerpt
from acceptance.platform import RUNNING, Notehouse, Person, Platform, chromium, free_port, started
from contracts.kafka import Kafka
from notehouse_hub.embedded.standalone import engines

People = Callable[..., Person]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell, where a test has failed, what its platform says of it."""
    report = yield
    if report.failed:
        report.sections += [(f"logs of {one.url}", excerpt(one.data / "logs")) for one in RUNNING]
    return report


@pytest.fixture(scope="session")
def kafka() -> Kafka:
    return Kafka(os.environ.get("NOTEHOUSE_KAFKA_BROKERS", ""))


@pytest.fixture(scope="module")
def folder(code_python: Path) -> Iterator[Path]:
    """Where a file's own platform may live, in `data`; there the environment of its processes is made already."""
    made = Path(tempfile.mkdtemp(prefix="notehouse-", dir="/var/tmp"))
    made.chmod(0o755)
    if os.geteuid() == 0:
        environment = code_python.parents[1]
        target = made / "data" / "env" / environment.name
        shutil.copytree(environment, target, symlinks=True, copy_function=_link)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # on another disk
        shutil.copy2(source, target)


@pytest.fixture(scope="package")
def platform(kafka: Kafka) -> Iterator[Platform]:
    if running := os.environ.get("NOTEHOUSE_TEST_PLATFORM"):
        port, data, password = running.split(":")
        yield Platform(int(port), Path(data), password, None, Path(os.devnull))
        return
    folder = Path(tempfile.mkdtemp(prefix="notehouse-", dir="/var/tmp"))
    folder.chmod(0o755)
    try:
        with started(folder / "data", free_port(), engines(), kafka=kafka.brokers) as up:
            yield up
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        opened = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        yield opened
        opened.close()


@pytest.fixture
def person(platform: Platform, browser: Browser) -> Iterator[People]:
    made: list[Person] = []

    def make(name: str, **options: Any) -> Person:
        made.append(Person(platform, browser, name, **options))
        return made[-1].login()

    yield make
    for one in made:
        one.context.close()


@pytest.fixture
def notehouse(platform: Platform, person: People) -> Notehouse:
    """The command line, as the administrator of the platform."""
    environment = {
        "PATH": os.environ["PATH"],
        "NOTEHOUSE_API_URL": platform.api,
        "NOTEHOUSE_HUB_TOKEN": person("admin").hub_token(),
    }

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "notehouse_hub.cli", *words]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    return run
