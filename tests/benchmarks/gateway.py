"""A kernel gateway of the benchmarks' own: the product's, with one fixed token instead of a Hub."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.stage import free_port, until

TOKEN = "benchmarks"


@dataclass(frozen=True)
class Gateway:
    """One that runs: its address and its process."""

    url: str
    pid: int

    def http(self) -> httpx.Client:
        """Return a client that it lets in."""
        headers = {"Authorization": f"token {TOKEN}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)


@contextmanager
def gateway(settings: Mapping[str, str] | None = None, user: int | None = None) -> Iterator[Gateway]:
    """Run one until the block ends, with these settings in its environment; as another user, where root may choose one."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        port, folder = free_port(), Path(name)
        command = [sys.executable, "-m", "notehouse_gateway.standalone", "--allow-root", "--port", str(port)]
        command += ["--token", TOKEN, "--folder", str(folder)]
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **(settings or {})}
        who = user if os.geteuid() == 0 else None
        if who is not None:
            os.chown(folder, who, who)
        groups: list[int] | None = None if who is None else []
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                command, env=environment, cwd=folder, stdout=log, stderr=log,
                user=who, group=who, extra_groups=groups,
            )  # fmt: skip
        made = Gateway(f"http://127.0.0.1:{port}/", process.pid)
        try:
            with made.http() as client:
                until(lambda: client.get("api/kernels").is_success, 60, "the gateway answers")
            yield made
        finally:
            process.terminate()
            process.wait(20)
