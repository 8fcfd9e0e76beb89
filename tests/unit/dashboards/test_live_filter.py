"""Only widget messages pass, and only values that a widget itself would allow."""

from __future__ import annotations

from typing import Any

import pytest

from notehouse_dashboards.live.filter import MessageFilter, Refused
from notehouse_dashboards.live.widgets import Widgets
from notehouse_dashboards.live.wire import Malformed, Message, decode, encode, parse

SLIDER = {
    "model_name": "IntSliderModel",
    "model_module": "@jupyter-widgets/controls",
    "state": {"value": 15, "min": 0, "max": 180, "step": 5},
}


@pytest.fixture
def passing() -> MessageFilter:
    return MessageFilter(Widgets({"slider": SLIDER}))


def message(kind: str, channel: str = "shell", **content: Any) -> Message:
    return Message(channel, {"msg_id": "1", "msg_type": kind, "session": "s"}, content)


def update(**state: Any) -> Message:
    return message(
        "comm_msg", comm_id="slider", data={"method": "update", "state": state, "buffer_paths": []}
    )


def test_a_slider_may_be_moved_within_its_ends(passing: MessageFilter) -> None:
    assert passing.inbound(update(value=20)).content["data"]["state"] == {"value": 20}
    assert passing.inbound(update(value=25, max=10**9)).content["data"]["state"] == {"value": 25}


@pytest.mark.parametrize("state", [{"value": 181}, {"value": "20"}, {"max": 5}, {"description": "<b>"}, {}])
def test_nothing_else_of_it_may_be_set(passing: MessageFilter, state: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        passing.inbound(update(**state))


@pytest.mark.parametrize(
    "refused",
    [
        message("execute_request", code="1"),
        message("input_reply", "stdin", value="x"),
        message("shutdown_request", "control"),
        message("inspect_request", code="x"),
        message("complete_request", code="x"),
        message("comm_open", comm_id="new", target_name="jupyter.widget", data={}),
        message("comm_open", comm_id="new", target_name="anything", data={}),
        message("comm_msg", comm_id="unknown", data={"method": "update", "state": {"value": 1}}),
    ],
)
def test_what_is_no_widget_message_never_reaches_a_kernel(passing: MessageFilter, refused: Message) -> None:
    with pytest.raises(Refused):
        passing.inbound(refused)


def test_an_error_comes_out_without_its_traceback(passing: MessageFilter) -> None:
    error = message("error", "iopub", ename="KeyError", evalue="secret", traceback=["secret line"])
    shown = passing.outbound(error)
    assert shown is not None
    assert "secret" not in str(shown.content)
    assert passing.outbound(message("stream", "iopub", name="stderr", text="secret")) is None
    assert passing.outbound(message("execute_input", "iopub", code="secret")) is None


def test_frames_are_read_strictly() -> None:
    whole = encode(message("comm_msg", comm_id="slider", data={}))
    assert decode(whole).content == {"comm_id": "slider", "data": {}}
    for broken in (b"", whole[:20], whole[:-5], b"\xff" * 64):
        with pytest.raises(Malformed):
            parse(broken)


UPLOAD = {
    "model_name": "FileUploadModel",
    "model_module": "@jupyter-widgets/controls",
    "state": {"value": [], "multiple": False, "accept": ".csv, text/*"},
}
FILE = {"name": "a.csv", "type": "text/csv", "size": 3, "last_modified": 1_700_000_000_000}


def handed(*told: Any, contents: tuple[bytes, ...] = (b"a,b",), key: str = "upload") -> Message:
    paths = [["value", place, "content"] for place in range(len(contents))]
    data = {"method": "update", "state": {"value": [*told], "error": "<b>"}, "buffer_paths": paths}
    header = {"msg_id": "1", "msg_type": "comm_msg", "session": "s"}
    return Message("shell", header, {"comm_id": key, "data": data}, buffers=contents)


@pytest.fixture
def uploading() -> MessageFilter:
    return MessageFilter(Widgets({"slider": SLIDER, "upload": UPLOAD}))


def test_a_file_that_is_asked_for_reaches_the_notebook_whole(uploading: MessageFilter) -> None:
    passed = uploading.inbound(handed(FILE))
    assert passed.content["data"] == {
        "method": "update",
        "state": {"value": [FILE]},
        "buffer_paths": [["value", 0, "content"]],
    }
    assert passed.buffers == (b"a,b",)


@pytest.mark.parametrize(
    "refused",
    [
        handed(FILE, FILE, contents=(b"a,b", b"a,b")),  # the widget takes one
        handed({**FILE, "name": "run.exe", "type": "application/x-msdownload"}),
        handed({**FILE, "name": "../../a.csv"}),
        handed({**FILE, "size": 4}),
        handed({**FILE, "last_modified": 10**30}),
        handed({**FILE, "more": 1}),
        handed({**FILE, "size": 9 * 2**20}, contents=(bytes(9 * 2**20),)),
        handed(FILE, contents=(b"a,b", b"a,b")),
        handed(FILE, key="slider"),
        handed(FILE, key="unknown"),
        Message("shell", {"msg_id": "1", "msg_type": "kernel_info_request"}, {}, buffers=(b"x",)),
    ],
)
def test_other_files_and_bytes_do_not(uploading: MessageFilter, refused: Message) -> None:
    with pytest.raises(Refused):
        uploading.inbound(refused)
