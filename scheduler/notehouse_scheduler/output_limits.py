"""How much output of a notebook is kept? What is past a limit is cut, with a line that says so."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from notehouse_scheduler.order import MEBIBYTE, OutputLimits

Message = dict[str, Any]

LONGEST_ERROR = 64 * 1024
WIDGET_STATE = 8 * MEBIBYTE


class OutputMeter:
    """Counts the output of each cell, and lets through what fits."""

    def __init__(self, limits: OutputLimits) -> None:
        self._limits = limits
        self._used: defaultdict[int, int] = defaultdict(int)
        self._cut: set[int] = set()
        self._widget_state = 0

    def admit(self, message: Message, cell: int) -> Message | None:
        """Return the message, what of it fits, or None when nothing more of this cell is kept."""
        if message["msg_type"] == "error":
            return _shortened(message)
        if cell in self._cut:
            return None
        size = size_of(message["content"])
        room = self._room(cell)
        if size <= room:
            self._used[cell] += size
            return message
        self._cut.add(cell)
        self._used[cell] += max(room, 0)
        return _cut(message, max(room, 0), self._notice(cell))

    def fits_alone(self, message: Message) -> bool:
        """Say whether something that replaces an output may do so."""
        return size_of(message["content"]) <= self._limits.cell

    def admit_widget(self, message: Message) -> bool:
        """Say whether a widget's message is still kept."""
        self._widget_state += size_of(message["content"]) + sum(map(len, message.get("buffers") or ()))
        return self._widget_state <= WIDGET_STATE

    def cleared(self, cell: int) -> None:
        """Forget what a cell wrote, since it is gone."""
        self._used.pop(cell, None)
        self._cut.discard(cell)

    def _room(self, cell: int) -> int:
        return min(self._limits.cell - self._used[cell], self._limits.total - sum(self._used.values()))

    def _notice(self, cell: int) -> str:
        whole = self._limits.cell - self._used[cell] > self._limits.total - sum(self._used.values())
        limit, who = (self._limits.total, "notebook") if whole else (self._limits.cell, "cell")
        return (
            f"\n[Output cut here: this {who} wrote more than {limit / MEBIBYTE:g} MB. The rest is not kept. "
            "Write less, or ask an administrator to raise the limit.]\n"
        )


def size_of(value: Any) -> int:
    """Measure a part of a message: about the bytes that it takes in a notebook."""
    if isinstance(value, str):
        return len(value)
    return len(json.dumps(value, default=str))


def _cut(message: Message, room: int, notice: str) -> Message:
    """Keep the beginning of a text; something that is not text is replaced by the notice."""
    is_text = message["msg_type"] == "stream"
    kept = str(message["content"]["text"])[:room] if is_text else ""
    name = message["content"]["name"] if is_text else "stderr"
    return {
        **message,
        "msg_type": "stream",
        "header": {**message["header"], "msg_type": "stream"},
        "content": {"name": name, "text": kept + notice},
    }


def _shortened(message: Message) -> Message:
    content = message["content"]
    if size_of(content) <= LONGEST_ERROR:
        return message
    value = str(content.get("evalue", ""))[:4000]
    last_lines = [str(line)[-8000:] for line in content.get("traceback", [])[-4:]]
    return {**message, "content": {**content, "evalue": value, "traceback": last_lines}}
