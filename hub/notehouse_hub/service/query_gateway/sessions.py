"""What is kept between statements: sessions of ClickHouse, each of one holder, so many at once, with so much in them.

ClickHouse knows a session by its user and its id. Many people share a user, so the id is ours: the holder's name and
what was given. Nobody else can say it.
"""

import re
import time
from collections.abc import MutableMapping
from dataclasses import dataclass, field

from notehouse_core.tokens import VIEW
from notehouse_hub.service.query_gateway.holder import Holder
from notehouse_hub.service.query_gateway.refusal import (
    LIMIT_EXCEEDED,
    TOO_MANY_QUERIES,
    Refusal,
    bad_argument,
    denied,
)

MOST_SESSIONS = 100  # of one holder, with something in them
MOST_EMPTY = (
    1000  # the same without: drivers name a session for each client that they make, and only read in it
)
MOST_BYTES = 512 * 2**20  # in the temporary tables of one holder
_LONGEST = 3600  # seconds; more than ClickHouse keeps one
_USUAL = 60
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_PARTS = ("session_timeout", "session_check", "close_session")


@dataclass(frozen=True)
class Session:
    """A session as a request names it; `name` is the id that goes up."""

    holder: str
    name: str
    seconds: int
    checked: bool = False  # it must be there already
    closes: bool = False  # it ends with this statement

    def parameters(self) -> dict[str, str]:
        """Return what goes up."""
        return {
            "session_id": self.name,
            "session_timeout": str(self.seconds),
            "session_check": str(int(self.checked)),
            "close_session": str(int(self.closes)),
        }


def asked_for(given: MutableMapping[str, str], holder: Holder) -> Session | None:
    """Take the session out of the parameters of a request; None without one. Raises Refusal."""
    name = given.pop("session_id", "")
    seconds, checked, closes = (given.pop(part, "") for part in _PARTS)
    if not name:
        return None
    if not _ID.fullmatch(name):
        raise bad_argument("A session_id has up to 100 letters, digits and the signs _ . : -")
    if holder.claims.purpose == VIEW:
        raise denied("A dashboard keeps nothing between statements. Leave session_id out.")
    if seconds and not (seconds.isdecimal() and len(seconds) < 10 and 1 <= int(seconds) <= _LONGEST):
        raise bad_argument(f"A session_timeout is a number of seconds from 1 to {_LONGEST}.")
    if {checked, closes} - {"", "0", "1"}:
        raise bad_argument("session_check and close_session are 0 or 1.")
    return Session(
        holder.name, f"nh-{holder.name}-{name}", int(seconds or _USUAL), checked == "1", closes == "1"
    )


@dataclass
class _Kept:
    until: float
    holds: bool = False  # a setting, or a table
    size: int = 0


@dataclass
class Sessions:
    """The sessions that went through this process."""

    most: int = MOST_SESSIONS
    most_empty: int = MOST_EMPTY
    most_bytes: int = MOST_BYTES
    _of: dict[str, dict[str, _Kept]] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(len(kept) for kept in self._of.values())

    def enter(self, session: Session, *, leaves: bool) -> None:
        """Take note of a session in use, in which the statement `leaves` something or not.

        Raises Refusal past a holder's share.
        """
        kept = self._living(session.holder)
        one = kept.get(session.name, _Kept(0))
        holds = leaves or one.holds
        others = sum(each.holds is holds for name, each in kept.items() if name != session.name)
        if others >= (most := self.most if holds else self.most_empty):
            raise _too_many(most)
        one.until, one.holds = time.monotonic() + session.seconds, holds
        kept[session.name] = one

    def check_room(self, session: Session) -> None:
        """Raise Refusal if the temporary tables of a session's holder are as large as they may be."""
        if sum(one.size for one in self._living(session.holder).values()) >= self.most_bytes:
            raise Refusal(
                LIMIT_EXCEEDED,
                403,
                f"Your temporary tables hold more than {self.most_bytes // 2**20} MB, the most there may be. Close the "
                "session (close_session=1): they go with it.",
            )

    def left(self, session: Session, written: int) -> None:
        """Take note of what a statement left in a session, in bytes; and of its end."""
        kept = self._living(session.holder)
        if session.closes:
            kept.pop(session.name, None)
        elif session.name in kept:
            kept[session.name].size += written
            kept[session.name].until = time.monotonic() + session.seconds

    def _living(self, holder: str) -> dict[str, _Kept]:
        now = time.monotonic()
        if len(self._of) > 1000:
            self._of = {name: kept for name in self._of if (kept := self._kept(name, now))}
        self._of[holder] = self._kept(holder, now)
        return self._of[holder]

    def _kept(self, holder: str, now: float) -> dict[str, _Kept]:
        return {name: one for name, one in self._of.get(holder, {}).items() if one.until > now}


def _too_many(most: int) -> Refusal:
    return Refusal(
        TOO_MANY_QUERIES,
        429,
        f"You keep {most} sessions already. Close one (close_session=1), leave session_id out, or wait until one has "
        f"not been used for its session_timeout ({_USUAL} s by default).",
        {"Retry-After": "10"},
    )
