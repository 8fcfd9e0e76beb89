"""What did somebody open last? Who loads one page again and again is written down once a minute."""

from __future__ import annotations

import time
from collections import OrderedDict
from uuid import UUID

_AGAIN = 60.0  # seconds; another server may have noted another page meanwhile
_PEOPLE = 20_000


class Opened:
    """The page that each person opened last here, and when that was written down."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, tuple[UUID, float]] = OrderedDict()

    def is_news(self, username: str, dashboard_id: UUID) -> bool:
        """Say whether this has to be written down, and take it as written."""
        last, at = self._last.get(username, (None, 0.0))
        now = time.monotonic()
        if last == dashboard_id and now - at < _AGAIN:
            return False
        self._last[username] = (dashboard_id, now)
        self._last.move_to_end(username)
        while len(self._last) > _PEOPLE:
            self._last.popitem(last=False)
        return True
