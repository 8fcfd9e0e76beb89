"""A kernel that somebody starts in JupyterLab."""

from __future__ import annotations

import json
from uuid import uuid4

import httpx
import websockets.sync.client

from acceptance.platform import Person, Platform, eventually


class LabKernel:
    """A kernel of somebody's own server, over the same websocket as JupyterLab's."""

    def __init__(self, platform: Platform, person: Person) -> None:
        self.base = f"{platform.url}/user/{person.name}"
        self.headers = {"Authorization": f"token {person.hub_token()}"}
        with httpx.Client(headers=self.headers, timeout=60, trust_env=False) as http:
            http.post(f"{platform.url}/hub/api/users/{person.name}/server")  # refused where it runs already
            eventually(
                lambda: http.get(f"{self.base}/api/kernels").status_code == 200, 60, "the server is up"
            )
            self.id = (
                http.post(f"{self.base}/api/kernels", json={"name": "notehouse"})
                .raise_for_status()
                .json()["id"]
            )
        address = f"{self.base}/api/kernels/{self.id}/channels".replace("http", "ws", 1)
        self.opened = websockets.sync.client.connect(
            address, additional_headers=self.headers, max_size=None, proxy=None
        )

    def __enter__(self) -> LabKernel:
        self.socket = self.opened.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.opened.__exit__(None, None, None)

    def run(self, code: str) -> str:
        """Everything that a cell shows."""
        header = {
            "msg_id": uuid4().hex, "msg_type": "execute_request", "username": "", "session": uuid4().hex,
            "date": "", "version": "5.3",
        }  # fmt: skip
        content = {
            "code": code,
            "silent": False,
            "store_history": False,
            "allow_stdin": False,
            "stop_on_error": True,
        }
        message = {
            "header": header,
            "parent_header": {},
            "metadata": {},
            "content": content,
            "channel": "shell",
        }
        self.socket.send(json.dumps({**message, "buffers": []}))
        shown = ""
        while True:
            said = json.loads(self.socket.recv(timeout=60))
            if said["parent_header"].get("msg_id") != header["msg_id"]:
                continue
            told = said["content"]
            shown += told.get("text", "") if said["msg_type"] == "stream" else ""
            shown += str(told.get("data", {}).get("text/plain", "")) if "data" in told else ""
            shown += "\n".join(told.get("traceback", []))
            if said["msg_type"] == "status" and told["execution_state"] == "idle":
                return shown
