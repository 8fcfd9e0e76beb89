"""What is told while a query runs: how much is read, how long it may still take.

A bar under the cell where somebody looks on, lines in a terminal, lines in the kernel's log where a notebook runs alone.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from IPython.display import display

from notehouse_sql.gateway import QueryGateway
from notehouse_sql.transport import Patience

FIRST_AFTER = 0.5  # seconds: a quick query shows nothing
EVERY = 0.4
LINES_EVERY = 5.0

_DONE: dict[str, Any] = {"text/plain": ""}


class _Bar:
    """A bar under the cell."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, seen: dict[str, Any], seconds: float) -> None:
        data = {"text/html": page(seen, seconds), "text/plain": line(seen, seconds)}
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(data, raw=True)

    def end(self) -> None:
        if self._handle is not None:
            self._handle.update(_DONE, raw=True)


class _Lines:
    """A line now and then, for a terminal or a log."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._next = 0.0

    def show(self, seen: dict[str, Any], seconds: float) -> None:
        if seconds >= self._next:
            self._next = seconds + LINES_EVERY
            self._tell(line(seen, seconds))

    def end(self) -> None:
        """A line stays."""


def told_by() -> _Bar | _Lines:
    """The way of telling that suits who runs the cell: a front end can be asked, a notebook that runs alone cannot."""
    from IPython.core.getipython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None:
        return _Lines(lambda text: print(text, file=sys.stderr, flush=True))
    return _Bar() if getattr(kernel, "_allow_stdin", False) else _Lines(log_of(kernel).info)


def log_of(kernel: Any) -> logging.Logger:
    """The log of a kernel's process, which no cell shows."""
    log = logging.getLogger("notehouse_sql")
    log.propagate = False
    log.setLevel(logging.INFO)
    streams = (one.stream for one in kernel.log.handlers if isinstance(one, logging.StreamHandler))
    log.handlers = [
        logging.StreamHandler(stream) for stream in streams
    ]  # its own handlers leave this level out
    return log


class Progress:
    """Follows one query that takes long, in a thread of its own, for as long as a block lasts."""

    def __init__(self, gateway: QueryGateway, query_id: str) -> None:
        self._gateway, self._query_id = gateway, query_id
        self._began = time.monotonic()
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        self._told_by = told_by()
        self.seen: dict[str, Any] = {}  # how far it was when somebody last looked

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join(timeout=3)
        self._told_by.end()

    def patience(self) -> Patience:
        """How long an answer is waited for before anything is shown."""
        return Patience(FIRST_AFTER, self._follow_on)

    def _follow_on(self) -> None:
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        while not self._done.wait(EVERY):
            seen = self._gateway.progress(self._query_id)
            self.seen = seen or self.seen
            if seen and not self._done.is_set():
                self._told_by.show(seen, time.monotonic() - self._began)


def page(seen: dict[str, Any], seconds: float) -> str:
    """Progress as a bar with its line of text."""
    read, total = int(seen.get("read_rows", 0)), int(seen.get("total_rows", 0))
    value = f' value="{min(read / total, 1):.4f}"' if total else ""
    return (
        f'<div style="font-size:.9em"><progress max="1"{value} aria-label="How much of the query is done" '
        f'style="width:16em;accent-color:#3b6fd4;vertical-align:middle"></progress> {_said(seen, seconds)}</div>'
    )


def line(seen: dict[str, Any], seconds: float) -> str:
    """Progress in one line of text."""
    read, total = int(seen.get("read_rows", 0)), int(seen.get("total_rows", 0))
    if not total or read > total:
        return _said(seen, seconds)
    filled = round(read / total * 24)
    return f"[{'█' * filled}{'·' * (24 - filled)}] {_said(seen, seconds)}"


def _said(seen: dict[str, Any], seconds: float) -> str:
    read, total = int(seen.get("read_rows", 0)), int(seen.get("total_rows", 0))
    text = f"{read:,} rows read, {size(int(seen.get('read_bytes', 0)))}, {seconds:.0f} s"
    if not total or read > total:
        return text
    share = read / total
    left = f", about {seconds / share - seconds:.0f} s left" if share > 0.02 else ""
    return f"{share:.0%}  {text}{left}"


def size(count: int) -> str:
    """Bytes in the unit a person would use."""
    amount = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
