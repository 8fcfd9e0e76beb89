"""Which ClickHouse do we run, where is it, and how does it get here?

libchdb carries the whole server, its HTTP listener included, from 26.7 on; the npm tag `latest` is older.
"""

import json
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from notehouse_hub.embedded import node_packages
from notehouse_hub.embedded.errors import EngineError, UnsupportedPlatformError

VERSION = "26.7.3-stable.1"
DOWNLOAD_BYTES = 167_000_000

# (system, machine) as Python names them -> npm package. Those without a line in the lock are names for later.
PACKAGES = {
    ("Linux", "x86_64"): "@chdb/lib-linux-x64-gnu",
    ("Linux", "aarch64"): "@chdb/lib-linux-arm64-gnu",
    ("Darwin", "arm64"): "@chdb/lib-darwin-arm64",
    ("Darwin", "x86_64"): "@chdb/lib-darwin-x64",
}
_LOCK = node_packages.LOCKS / "clickhouse"


def package_name(system: str | None = None, machine: str | None = None) -> str:
    """Return the npm package for a machine (this one by default). Raises UnsupportedPlatformError."""
    key = (system or platform.system(), machine or platform.machine())
    name = PACKAGES.get(key)
    locked = json.loads((_LOCK / "package.json").read_text())["dependencies"]
    if name is None or name not in locked:
        raise UnsupportedPlatformError(
            f"There is no embedded ClickHouse for {' '.join(key)} yet. "
            "Run a ClickHouse server yourself and give its address with NOTEHOUSE_CLICKHOUSE_URL."
        )
    return name


def engines_folder(data: Path) -> Path:
    """Return where engines are kept: NOTEHOUSE_ENGINES, or inside the data folder."""
    return Path(os.environ.get("NOTEHOUSE_ENGINES") or data / "engines")


def fetch(engines: Path) -> Iterator[int]:
    """Fetch the engine unless it is there, yielding bytes as they arrive (about DOWNLOAD_BYTES in all)."""
    package_name()
    yield from node_packages.install(_LOCK, engines / VERSION)


def library(engines: Path) -> Path:
    """Return the shared library of a fetched engine."""
    package = engines / VERSION / "node_modules" / package_name()
    found = sorted(package.rglob("libchdb.*"))
    if not found:
        raise EngineError(
            f"No libchdb in {package}: delete {engines / VERSION} and start again to fetch it anew."
        )
    return found[0]
