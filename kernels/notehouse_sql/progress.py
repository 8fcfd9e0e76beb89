"""A line under the cell while a query runs: how much is read, how long it may still take."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Any, Self

from IPython.display import display

from notehouse_sql.gateway import QueryGateway

FIRST_AFTER = 0.5  # seconds: a quick query shows nothing
EVERY = 0.4


class Progress:
    """Follows one query in a thread of its own for as long as a block lasts."""

    def __init__(self, gateway: QueryGateway, query_id: str) -> None:
        self._gateway, self._query_id = gateway, query_id
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._handle: Any = None
        self.seen: dict[str, Any] = {}  # how far it was when somebody last looked

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join(timeout=3)
        if self._handle is not None:
            self._handle.update({"text/plain": ""}, raw=True)

    def _follow(self) -> None:
        began = time.monotonic()
        if self._done.wait(FIRST_AFTER):
            return
        while not self._done.wait(EVERY):
            seen = self._gateway.progress(self._query_id)
            self.seen = seen or self.seen
            if seen and not self._done.is_set():
                self._show({"text/plain": line(seen, time.monotonic() - began)})

    def _show(self, data: dict[str, str]) -> None:
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(data, raw=True)


def line(seen: dict[str, Any], seconds: float) -> str:
    """Progress in one line of text."""
    read, total = int(seen.get("read_rows", 0)), int(seen.get("total_rows", 0))
    text = f"{read:,} rows read, {size(int(seen.get('read_bytes', 0)))}, {seconds:.0f} s"
    if not total or read > total:
        return text
    share = read / total
    filled = round(share * 24)
    left = f", about {seconds / share - seconds:.0f} s left" if share > 0.02 else ""
    return f"[{'█' * filled}{'·' * (24 - filled)}] {share:.0%}  {text}{left}"


def size(count: int) -> str:
    """Bytes in the unit a person would use."""
    amount = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
