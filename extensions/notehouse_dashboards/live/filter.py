"""Which kernel messages pass between a viewer's browser and a kernel; all others are dropped.

Into the kernel goes a message that is made anew here from the few fields that it may have, never the one that
came. Out of it come results, and of errors only that there was one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from notehouse_dashboards.live import uploads
from notehouse_dashboards.live.widgets import Widgets
from notehouse_dashboards.live.wire import HEADER_FIELDS, Json, Message
from notehouse_dashboards.outputs import for_viewers, model_for_viewers, notice, state_for_viewers

WIDGET = "jupyter.widget"
CONTROL = "jupyter.widget.control"
MAX_CONTROLS = 16
REPLIES = frozenset({"kernel_info_reply", "comm_info_reply"})
RESULTS = frozenset({"display_data", "update_display_data", "execute_result"})
PASSED = frozenset({"status", "clear_output", "comm_close"})


class Refused(Exception):
    """A message that may not reach the kernel.

    `restore` is what the page should show instead, by model, `told` what whoever looks at it should know.
    """

    def __init__(self, reason: str, restore: tuple[str, Json] | None = None, told: str = "") -> None:
        super().__init__(reason)
        self.restore, self.told = restore, told


class MessageFilter:
    """The filter of one websocket, which knows the page's widgets."""

    def __init__(self, widgets: Widgets) -> None:
        self.widgets = widgets
        self._controls: set[str] = set()

    def inbound(self, message: Message) -> Message:
        """Return what the kernel gets of a browser's message; raises Refused."""
        if message.channel != "shell":
            raise Refused(f"channel {message.channel[:16]!r}")
        allow = getattr(self, f"_in_{message.type}", None) if message.type in INBOUND else None
        if allow is None:
            raise Refused("message type")
        content = self._with_files(message) if message.buffers else allow(message.content)
        header = {name: message.header[name] for name in HEADER_FIELDS if _is_text(message.header.get(name))}
        return Message("shell", header, content, buffers=message.buffers)

    def _with_files(self, message: Message) -> Json:
        """Return what hands files to an upload, the one thing that may come with bytes."""
        key, data = _key(message.content), message.content.get("data")
        if message.type != "comm_msg" or not isinstance(data, dict) or data.get("method") != "update":
            raise Refused("buffers")
        upload = self.widgets.upload(key)
        if upload is None:
            raise Refused("buffers")
        update = uploads.files(data, message.buffers, upload)
        if update is None:
            raise Refused("files", (key, {"value": []}), uploads.REFUSED)
        return {"comm_id": key, "data": update}

    def _in_kernel_info_request(self, _content: Json) -> Json:
        return {}

    def _in_comm_info_request(self, _content: Json) -> Json:
        return {"target_name": WIDGET}

    def _in_comm_open(self, content: Json) -> Json:
        if content.get("target_name") != CONTROL:
            raise Refused("comm target")
        key = _key(content)
        if key in self.widgets or len(self._controls) >= MAX_CONTROLS:
            raise Refused("comm id")
        self._controls.add(key)
        return {"comm_id": key, "target_name": CONTROL, "data": {}}

    def _in_comm_close(self, content: Json) -> Json:
        key = _key(content)
        if key not in self._controls:
            raise Refused("comm id")
        self._controls.discard(key)
        return {"comm_id": key, "data": {}}

    def _in_comm_msg(self, content: Json) -> Json:
        key, data = _key(content), content.get("data")
        if not isinstance(data, dict):
            raise Refused("comm data")
        method = data.get("method")
        if key in self._controls:
            if method != "request_states":
                raise Refused("control method")
            return {"comm_id": key, "data": {"method": method}}
        if key not in self.widgets:
            raise Refused("unknown widget")
        return {"comm_id": key, "data": self._to_widget(key, method, data)}

    def _to_widget(self, key: str, method: object, data: Json) -> Json:
        if method == "update":
            return {"method": method, "state": self._change(key, data.get("state")), "buffer_paths": []}
        if method == "request_state":
            return {"method": method}
        if method == "custom":
            return {"method": method, "content": data.get("content")}
        raise Refused("widget method")

    def _change(self, key: str, state: object) -> Json:
        if not isinstance(state, dict):
            raise Refused("widget state")
        allowed = self.widgets.allowed(key, state)
        if not allowed:
            raise Refused("widget value", (key, self.widgets.current(key, state)))
        self.widgets.updated(key, allowed)
        return allowed

    def outbound(self, message: Message) -> Message | None:
        """Return what the browser gets of a kernel's message, or nothing."""
        if message.channel == "shell":
            return message if message.type in REPLIES else None
        if message.channel != "iopub":
            return None
        if message.type in PASSED:
            self._forget(message)
            return message
        if message.type in ("comm_open", "comm_msg"):
            return self._comm(message)
        return result(message)

    def _forget(self, message: Message) -> None:
        if message.type == "comm_close":
            self.widgets.closed(str(message.content.get("comm_id")))

    def _comm(self, message: Message) -> Message:
        data = message.content.get("data")
        if not isinstance(data, dict):
            return message
        if isinstance(data.get("states"), dict):
            data = {**data, "states": {key: self._model(key, model) for key, model in data["states"].items()}}
        elif isinstance(data.get("state"), dict):
            data = {**data, "state": self._state(message, data["state"])}
        return replace(message, content={**message.content, "data": data})

    def _model(self, key: str, model: Json) -> Json:
        self.widgets.updated(key, model["state"])
        return model_for_viewers(model)

    def _state(self, message: Message, state: Json) -> Json:
        key = str(message.content.get("comm_id"))
        if message.type == "comm_open" and message.content.get("target_name") == WIDGET:
            self.widgets.opened(key, state)
        else:
            self.widgets.updated(key, state)
        return state_for_viewers(state)


INBOUND = frozenset(name.removeprefix("_in_") for name in vars(MessageFilter) if name.startswith("_in_"))


def result(message: Message) -> Message | None:
    """Return an output as viewers may see it; an error becomes the sentence that stands for it."""
    if message.type in RESULTS:
        return message
    if message.type == "stream":
        shown = for_viewers([{"output_type": "stream", **message.content}])
        return message if shown else None
    if message.type == "error":
        content = {"name": "stdout", "text": notice(message.content.get("ename")) + "\n"}
        header = {**message.header, "msg_type": "stream"}
        return Message("iopub", header, content, message.parent_header, {"notehouse": {"failed": True}})
    return None


def _key(content: Json) -> str:
    key = content.get("comm_id")
    if not isinstance(key, str) or not 0 < len(key) <= 128:
        raise Refused("comm id")
    return key


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 128
