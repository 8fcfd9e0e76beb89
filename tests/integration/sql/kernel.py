"""A real kernel of the platform's own kernel spec, connected to a gateway, and what it says."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from integration.query_gateway.conftest import House
from notehouse_gateway.kernelspecs import kernelspec_folder


@dataclass
class Said:
    """What one cell said."""

    status: str
    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Everything a person reads, updates of displays included."""
        return "\n".join(_text(one["content"]) for one in self.messages)

    def data(self, kind: str) -> list[Any]:
        """What was shown of one MIME type."""
        shown = [one["content"].get("data", {}) for one in self.messages]
        return [one[kind] for one in shown if kind in one]

    def streams(self, name: str) -> str:
        found = [one["content"] for one in self.messages if one["msg_type"] == "stream"]
        return "".join(one["text"] for one in found if one["name"] == name)


def _text(content: dict[str, Any]) -> str:
    if "traceback" in content:
        return "\n".join(content["traceback"])
    return str(content.get("text") or content.get("data", {}).get("text/plain", ""))


class Kernel:
    """A kernel and its only client."""

    def __init__(self, manager: KernelManager) -> None:
        self.manager = manager
        self.client = manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def send(self, code: str, *, stdin: bool = False) -> str:
        return str(self.client.execute(code, allow_stdin=stdin))

    def said(self, message_id: str, seconds: float = 60, answer: str = "") -> Said:
        """Wait for the end of a cell; questions of its own are answered."""
        found = Said("")
        deadline = time.monotonic() + seconds
        idle = False
        while not (idle and found.status):
            assert time.monotonic() < deadline, found.text
            for channel in ("iopub", "shell", "stdin"):
                for message in _waiting(self.client, channel):
                    if message["parent_header"].get("msg_id") != message_id:
                        continue
                    kind, content = message["msg_type"], message["content"]
                    if kind == "execute_reply":
                        found.status = content["status"]
                    elif kind == "input_request":
                        found.messages.append({**message, "content": {"text": content["prompt"]}})
                        self.client.input(answer)
                    elif kind == "status":
                        idle = content["execution_state"] == "idle"
                    else:
                        found.messages.append(message)
            time.sleep(0.01)
        return found

    def run(self, code: str, *, stdin: bool = False, answer: str = "", seconds: float = 60) -> Said:
        return self.said(self.send(code, stdin=stdin), seconds, answer)

    def kill(self) -> None:
        """End it as a machine that runs out of memory would."""
        self.manager.signal_kernel(signal.SIGKILL)

    def reply(self, message_id: str) -> dict[str, Any]:
        while True:
            message = self.client.get_shell_msg(timeout=30)
            if message["parent_header"].get("msg_id") == message_id:
                return dict(message["content"])

    def complete(self, code: str) -> list[str]:
        """What is offered at the sign | of a cell."""
        at = code.index("|")
        return list(self.reply(self.client.complete(code.replace("|", "", 1), at))["matches"])

    def inspect(self, code: str) -> str:
        at = code.index("|")
        found = self.reply(self.client.inspect(code.replace("|", "", 1), at))
        return str(found["data"].get("text/plain", ""))


def _waiting(client: Any, channel: str) -> Iterator[dict[str, Any]]:
    one = getattr(client, f"{channel}_channel")
    while one.msg_ready():
        yield one.get_msg(timeout=1)


@contextmanager
def running_kernel(house: House, token: str, folder: Path) -> Iterator[Kernel]:
    file = folder / "token"
    file.write_text(token)
    specs = KernelSpecManager(kernel_dirs=[str(kernelspec_folder())], ensure_native_kernel=False)
    manager = KernelManager(kernel_name="notehouse", kernel_spec_manager=specs)
    here = {"NOTEHOUSE_QUERY_URL": house.url, "NOTEHOUSE_TOKEN_FILE": str(file), "HOME": str(folder)}
    manager.start_kernel(env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **here})
    kernel = Kernel(manager)
    try:
        yield kernel
    finally:
        kernel.client.stop_channels()
        if manager.is_alive():
            manager.shutdown_kernel(now=True)
