"""Composes a mail: one recipient, HTML and text, pictures inside, files attached."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from notehouse_core.alerting import shown_number
from notehouse_core.settings import API_PREFIX, Settings
from notehouse_core.store.models import Delivery
from notehouse_scheduler.mail_body import MailBody


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    type: str
    content: bytes


def compose(
    delivery: Delivery, settings: Settings, body: MailBody | None = None, files: tuple[Attachment, ...] = ()
) -> EmailMessage:
    """The mail of a delivery. The same delivery always has the same Message-ID, so that a mail that is
    sent a second time after a crash can be told by its receiver to be the same.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = settings.mail_from, delivery.address, _line(delivery.subject)
    mail["Date"] = format_datetime(delivery.created_at)
    mail["Message-ID"] = f"<{_digest(delivery.idempotency_key)}@{_domain(settings)}>"
    mail["Auto-Submitted"] = "auto-generated"
    unsubscribe = _add_ways_out(mail, delivery, settings)
    told = {"link": link_of(delivery, settings), "unsubscribe": unsubscribe, "tenant": delivery.tenant.name}
    facts = {**delivery.content, **told}
    shown = Markup(body.html) if body else ""  # noqa: S704 - cleaned by mail_body, element by element
    name = delivery.content["template"]
    mail.set_content(_render(f"{name}.txt.j2", facts))
    mail.add_alternative(_render(f"{name}.html.j2", {**facts, "body": shown}), subtype="html")
    _add_pictures(mail, body or MailBody())
    for file in files:
        kind, _, subtype = file.type.partition(";")[0].partition("/")
        mail.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.name)
    return mail


def _add_ways_out(mail: EmailMessage, delivery: Delivery, settings: Settings) -> str:
    """Say how to hear no more: a subscriber's own page, which is returned, or else whoever set this up."""
    if page := delivery.content.get("unsubscribe"):
        address = f"{settings.base_url}{page}"
        mail["List-Unsubscribe"] = f"<{address}>"
        return address
    if owner := delivery.content.get("owner"):
        mail["Reply-To"] = owner
        mail["List-Unsubscribe"] = f"<mailto:{owner}?subject=unsubscribe>"
    return ""


def _add_pictures(mail: EmailMessage, body: MailBody) -> None:
    page = mail.get_body(("html",))
    assert isinstance(page, EmailMessage)  # noqa: S101 - it was added a moment ago
    for name, (kind, content) in body.pictures.items():
        subtype = kind.removeprefix("image/")
        page.add_related(content, "image", subtype, cid=f"<{name}>", filename=f"{name}.{subtype}")


def link_of(delivery: Delivery, settings: Settings) -> str:
    """The page that a message is about: a dashboard's own, or one of the portal."""
    if page := delivery.content.get("link"):
        return f"{settings.base_url}{page}"
    kind, _, number = delivery.object.partition(":")
    return f"{settings.base_url}{API_PREFIX}/{kind}s/{number}"


def _render(template: str, facts: dict[str, Any]) -> str:
    return _environment().get_template(template).render(facts)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["number"] = shown_number
    made.filters["moment"] = lambda text: f"{datetime.fromisoformat(text):%d %B %Y, %H:%M} UTC"
    return made


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def _domain(settings: Settings) -> str:
    return parseaddr(settings.mail_from)[1].rpartition("@")[2] or "localhost"


def _line(text: str) -> str:
    return " ".join(text.split())[:200]
