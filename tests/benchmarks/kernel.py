"""Runs a piece of Python in a kernel of ours, as somebody of the platform, and returns what it measured."""

from __future__ import annotations

import json
import os
from typing import Any

from jupyter_client.manager import KernelManager

from benchmarks.stage import HERE, Stage

_BEFORE = "import json, sys\nsys.path.insert(0, {tests!r})\n"
_AFTER = '\nprint("measured", json.dumps(found))\n'


def measured_in_kernel(stage: Stage, who: str, code: str, seconds: float = 300) -> Any:
    """Run code that leaves what it measured in the variable `found`. Raises ValueError with what it said instead."""
    environment = stage.kernel_environment(who)
    os.environ["JUPYTER_PATH"] = environment["JUPYTER_PATH"]
    manager = KernelManager(kernel_name="notehouse")
    manager.start_kernel(env=environment)
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        said: list[str] = []
        whole = _BEFORE.format(tests=str(HERE.parent)) + code + _AFTER
        client.execute_interactive(whole, timeout=seconds, output_hook=lambda one: said.append(_text(one)))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return measured("".join(said))


def measured(said: str) -> Any:
    """Return what a program says it has measured. Raises ValueError with what it said instead."""
    for line in said.splitlines():
        if line.startswith("measured "):
            return json.loads(line.removeprefix("measured "))
    raise ValueError(said[-3000:])


def _text(message: dict[str, Any]) -> str:
    content = message["content"]
    if message["msg_type"] == "error":
        return "\n".join(content["traceback"])
    return str(content.get("text", ""))
