"""The world outside, as tests see it: people, what a mail server took, what a webhook received."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from notehouse_core.store.models import Tenant, User


@dataclass
class House:
    """A tenant with one person, who has a mail address."""

    tenant: Tenant
    person: User


@dataclass
class MailServer:
    """What arrived; `refusals` are answered before mails are taken again."""

    port: int = 0
    mails: list[bytes] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        self.mails.append(envelope.content)
        return "250 OK"


@dataclass
class Receiver:
    """A server that takes webhooks; `answers` are given before 204."""

    port: int = 0
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
