"""Voilà, the peer of dashboards: serves a notebook from an environment of its own."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.stage import Stage, folder, free_port, peer, running, until

LOG = "voila.log"


@contextmanager
def voila(stage: Stage, published: Path) -> Iterator[tuple[str, int]]:
    """Serve a copy of a notebook as long as a block lasts; its address, and the process."""
    port = free_port()
    notebook = folder() / published.name
    shutil.copy(published, notebook)
    environment = stage.kernel_environment("united-analyst")
    command = [str(peer("voila") / "python"), "-m", "voila", str(notebook), f"--port={port}", "--no-browser"]
    url = f"http://127.0.0.1:{port}/"
    with running([*command, "--Voila.ip=127.0.0.1"], environment, LOG) as process:
        until(
            lambda: httpx.get(url + "voila/static/voila.js", timeout=5).status_code < 500, 60, "Voilà is up"
        )
        yield url, process.pid


def complete(url: str) -> float:
    """Load a page of punctuality to its end; the seconds it took. Raises ValueError when it is not all there."""
    began = time.perf_counter()
    answer = httpx.get(url, timeout=240, trust_env=False)
    if answer.status_code != 200 or "arrived within 15 minutes" not in answer.text:
        raise ValueError(f"Voilà answered {answer.status_code}, see {folder() / LOG}")
    return time.perf_counter() - began
