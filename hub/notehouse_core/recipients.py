"""Who gets a message? A mail address, a user name, or a webhook's address."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from notehouse_core.errors import Invalid

MOST = 100
_MAIL = re.compile(r"[^@\s<>,;:\"()\[\]\\\x00-\x1f]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Recipient:
    """One place a message goes to; `kind` is mail, webhook or user."""

    kind: str
    address: str


def parse_recipient(text: str) -> Recipient:
    """Read one recipient. Raises Invalid saying what can be one."""
    text = text.strip()
    if text.startswith(("https://", "http://")) and len(text) <= 2000 and _is_address(text):
        return Recipient("webhook", text)
    if _MAIL.fullmatch(text):
        return Recipient("mail", text)
    if _USER.fullmatch(text):
        return Recipient("user", text)
    raise Invalid(
        f"{text[:80]!r} cannot be a recipient. Give a mail address, a user name, or a webhook's https address.",
        fields=[{"field": "recipients", "message": "mail address, user name or https address"}],
    )


def _is_address(text: str) -> bool:
    parts = urlsplit(text)
    return bool(parts.hostname) and not parts.username and not parts.password


def check_recipients(named: Iterable[str]) -> list[str]:
    """Return the recipients without doubles. Raises Invalid for one that cannot be one."""
    kept = list(dict.fromkeys(name.strip() for name in named))
    for name in kept:
        parse_recipient(name)
    if len(kept) > MOST:
        raise Invalid(f"At most {MOST} recipients; for more, send to a mailing list's address.")
    return kept
