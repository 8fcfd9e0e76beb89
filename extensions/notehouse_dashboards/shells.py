"""Pages around dashboards, drawn once for somebody as long as they see the same; each view fills in its own secrets."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import escape

from notehouse_core.store.viewing import Seen

_KEPT = 1_000
_LONGEST = 1_000  # characters of an address whose page is kept


@dataclass(frozen=True)
class Secrets:
    """What stands in one view of a page and in no other: the token of its frame, and what its requests must show."""

    token: str
    xsrf: str


class Shells:
    """The pages that were asked for last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], tuple[Seen, str]] = OrderedDict()
        # Where the secrets go; no text of an author's can be one of these.
        self._places = Secrets(secrets.token_hex(16), secrets.token_hex(16))

    def of(
        self, username: str, address: str, seen: Seen, own: Secrets, draw: Callable[[Secrets], str]
    ) -> str:
        """The page that somebody gets at an address; `draw` makes it with the secrets that it is given."""
        if len(address) > _LONGEST:
            return draw(own)
        page = self._with_places(username, address, seen, draw)
        page = page.replace(self._places.token, str(escape(own.token)))
        return page.replace(self._places.xsrf, str(escape(own.xsrf)))

    def _with_places(self, username: str, address: str, seen: Seen, draw: Callable[[Secrets], str]) -> str:
        kept = self._kept.get((username, address))
        if kept is None or kept[0] is not seen:
            kept = self._kept[username, address] = (seen, draw(self._places))
        self._kept.move_to_end((username, address))
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return kept[1]
