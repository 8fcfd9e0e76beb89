"""Kernel messages as they come over a browser's websocket, read strictly; whatever is odd is refused whole."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from notehouse_core.kernel_connection import OFFSET_BYTES, PROTOCOL, pack_frame

Json = dict[str, Any]

MAX_PARTS = 64
FIXED_PARTS = 5  # channel, header, parent header, metadata, content
HEADER_FIELDS = ("msg_id", "msg_type", "session", "username", "date", "version")
MAX_ID = 128

__all__ = ["PROTOCOL", "Malformed", "Message", "decode", "encode", "parse"]


class Malformed(ValueError):
    """Not a kernel message in one of the two protocols; the text says why, without what was sent."""


@dataclass(frozen=True)
class Message:
    """One kernel message."""

    channel: str
    header: Json
    content: Json
    parent_header: Json = field(default_factory=dict)
    metadata: Json = field(default_factory=dict)
    buffers: tuple[bytes, ...] = ()

    @property
    def type(self) -> str:
        """What kind of message it is, by its header; nothing else in it can say otherwise."""
        return str(self.header["msg_type"])

    @property
    def id(self) -> str:
        """Its id, for logs."""
        return str(self.header["msg_id"])


def parse(frame: str | bytes) -> Message:
    """Read a frame from a browser: text is JSON, bytes are the v1 protocol. Raises Malformed."""
    message = _parse_json(frame) if isinstance(frame, str) else decode(frame)
    for name in ("msg_id", "msg_type"):
        value = message.header.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= MAX_ID:
            raise Malformed(f"{name} is missing or no short text")
    return message


def _parse_json(text: str) -> Message:
    whole = _object(text, "the message")
    if whole.get("buffers"):
        raise Malformed("buffers cannot be in a text frame")
    parts = {name: whole.get(name, {}) for name in ("header", "parent_header", "metadata", "content")}
    for name, part in parts.items():
        if not isinstance(part, dict):
            raise Malformed(f"{name} is no object")
    channel = whole.get("channel")
    if not isinstance(channel, str):
        raise Malformed("channel is no text")
    return Message(channel, **parts)


def decode(frame: bytes) -> Message:
    """Read a frame of the v1 protocol; raises Malformed."""
    offsets = _offsets(frame)
    channel, *parts = (frame[start:end] for start, end in pairwise(offsets))
    header, parent, metadata, content = (_object(part, "a part") for part in parts[: FIXED_PARTS - 1])
    try:
        name = channel.decode("ascii")
    except UnicodeDecodeError as error:
        raise Malformed("channel is no text") from error
    return Message(name, header, content, parent, metadata, tuple(parts[FIXED_PARTS - 1 :]))


def _offsets(frame: bytes) -> list[int]:
    count = int.from_bytes(frame[:OFFSET_BYTES], "little")
    if not FIXED_PARTS < count <= MAX_PARTS or len(frame) < OFFSET_BYTES * (count + 1):
        raise Malformed("wrong number of parts")
    start = OFFSET_BYTES * (count + 1)
    words = (frame[at : at + OFFSET_BYTES] for at in range(OFFSET_BYTES, start, OFFSET_BYTES))
    offsets = [int.from_bytes(word, "little") for word in words]
    in_order = all(first <= second for first, second in pairwise(offsets))
    if not in_order or offsets[0] != start or offsets[-1] != len(frame):
        raise Malformed("parts do not fit the frame")
    return offsets


def _object(text: str | bytes, what: str) -> Json:
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"{what} is no JSON") from error
    if not isinstance(value, dict):
        raise Malformed(f"{what} is no object")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def encode(message: Message) -> bytes:
    """Make a frame of the v1 protocol."""
    jsons = (message.header, message.parent_header, message.metadata, message.content)
    return pack_frame(message.channel, [*(json.dumps(part).encode() for part in jsons), *message.buffers])


def encode_text(message: Message) -> str:
    """Make a text frame; buffers do not fit in one and are left out."""
    return json.dumps(
        {
            "channel": message.channel,
            "header": message.header,
            "parent_header": message.parent_header,
            "metadata": message.metadata,
            "content": message.content,
            "msg_id": message.id,
            "msg_type": message.type,
            "buffers": [],
        }
    )
