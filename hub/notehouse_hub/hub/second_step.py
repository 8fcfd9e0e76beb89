"""Between password and code: a ticket in the browser says who has shown the password."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from tornado.web import HTTPError

from notehouse_hub.hub.accounts import Account

COOKIE = "notehouse-second-step"
_DAYS = 10 / (24 * 60)  # ten minutes


@dataclass(frozen=True)
class Ticket:
    """Whose password was shown; `proof` ties it to that very password, so that a new one ends it."""

    username: str
    proof: str

    @classmethod
    def of(cls, account: Account) -> Ticket:
        """The ticket of somebody whose password was right."""
        return cls(account.username, _proof(account))

    def fits(self, account: Account) -> bool:
        """Say whether the password is still the one that was shown."""
        return self.proof == _proof(account)


class SecondStepNeeded(HTTPError):
    """The password was right, and a code must follow. An API that cannot ask for one refuses."""

    def __init__(self, ticket: Ticket) -> None:
        super().__init__(403, "This account has a second factor: sign in on the page.")
        self.ticket = ticket


def give_ticket(handler: Any, ticket: Ticket) -> None:
    """Put a ticket into the browser, signed by the Hub."""
    text = json.dumps([ticket.username, ticket.proof])
    handler._set_cookie(COOKIE, text, path=handler.hub.base_url, expires_days=None)


def read_ticket(handler: Any) -> Ticket | None:
    """Return the browser's ticket; None when there is none of ours, or it is too old."""
    text = handler.get_signed_cookie(COOKIE, max_age_days=_DAYS) if handler is not None else None
    return Ticket(*json.loads(text)) if text else None


def drop_ticket(handler: Any) -> None:
    """Take the ticket away."""
    handler.clear_cookie(COOKIE, path=handler.hub.base_url)


def _proof(account: Account) -> str:
    return hashlib.sha256((account.password_hash or "").encode()).hexdigest()[:32]
