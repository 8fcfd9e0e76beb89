"""The courier: sends what the outbox owes. What it could not send is tried again later, or kept as a dead letter."""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import aiosmtplib
from sqlalchemy.exc import DBAPIError

from notehouse_core import errors, log_context
from notehouse_core.artifacts import ArtifactStore
from notehouse_core.printing import pdf_of
from notehouse_core.settings import Settings
from notehouse_core.store import deliveries
from notehouse_core.store.database import Database
from notehouse_core.store.models import Delivery, Run
from notehouse_scheduler.mail import Attachment, compose, link_of
from notehouse_scheduler.mail_body import MailBody, body_of
from notehouse_scheduler.outputs import NOTEBOOK, PAGE
from notehouse_scheduler.watched import DELIVERIES
from notehouse_scheduler.webhooks import Undeliverable, Webhooks

EVERY = 1.0  # seconds
_FILES = {"html": PAGE, "ipynb": NOTEBOOK}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Courier:
    """What sending needs; one a worker."""

    database: Database
    artifacts: ArtifactStore
    settings: Settings
    webhooks: Webhooks

    async def for_ever(self) -> None:
        """Send until cancelled; Postgres being away only delays it."""
        while True:
            try:
                await self.send_due()
            except (DBAPIError, OSError) as error:
                log.warning("nothing is sent, the database does not answer: %s", type(error).__name__)
            await asyncio.sleep(EVERY)

    async def send_due(self) -> int:
        """Send what is owed now; how many were tried."""
        async with self.database.session() as session:
            taken = await deliveries.take(session)
        await asyncio.gather(*(self._deliver(one) for one in taken))
        return len(taken)

    async def _deliver(self, delivery: Delivery) -> None:
        with log_context.about(request_id=str(delivery.id), delivery=str(delivery.id)):
            await self._send_or_say_why(delivery)

    async def _send_or_say_why(self, delivery: Delivery) -> None:
        try:
            message = await self._send(delivery)
        except errors.NotehouseError as error:
            DELIVERIES.labels(delivery.kind, "failed").inc()
            hopeless = isinstance(error, (Undeliverable, errors.NotFound))
            log.warning("a message was not sent: %s", error.message, extra={"attempt": delivery.attempts})
            async with self.database.session() as session:
                await deliveries.not_sent(session, delivery, error.message, hopeless=hopeless)
            return
        async with self.database.session() as session:
            await deliveries.sent(session, delivery, message)
        DELIVERIES.labels(delivery.kind, "sent").inc()
        log.info("a message was sent", extra={"kind": delivery.kind})

    async def _send(self, delivery: Delivery) -> str:
        if delivery.kind == "webhook":
            link = link_of(delivery, self.settings)
            told = {**delivery.content, "subject": delivery.subject, "link": link}
            key = delivery.idempotency_key
            sent = await self.webhooks.post(delivery.address, delivery.tenant.slug, told, key)
            return await asyncio.to_thread(self.artifacts.put, sent)
        body, files = await self._contents(delivery)
        mail = compose(delivery, self.settings, body, files)
        content = mail.as_bytes()
        if self.settings.smtp_host:
            await _post(mail, self.settings)
        else:
            await asyncio.to_thread(_keep, content, self._file(delivery))
        return await asyncio.to_thread(self.artifacts.put, content)

    async def _contents(self, delivery: Delivery) -> tuple[MailBody | None, tuple[Attachment, ...]]:
        if delivery.content["template"] != "report":
            return None, ()
        async with self.database.session() as session:
            run = await session.get(Run, UUID(delivery.content["run_id"]))
        kept = {one["name"]: one for one in run.artifacts} if run else {}
        notebook = await asyncio.to_thread(self.artifacts.get, kept[NOTEBOOK]["key"])
        wanted = [_FILES[name] for name in delivery.content["formats"] if name in _FILES]
        files = [
            Attachment(
                name, kept[name]["type"], await asyncio.to_thread(self.artifacts.get, kept[name]["key"])
            )
            for name in wanted
        ]
        if "pdf" in delivery.content["formats"]:
            page = (await asyncio.to_thread(self.artifacts.get, kept[PAGE]["key"])).decode()
            files.append(Attachment("report.pdf", "application/pdf", await pdf_of(page, self.settings)))
        return await asyncio.to_thread(body_of, notebook.decode()), tuple(files)

    def _file(self, delivery: Delivery) -> Path:
        return self.settings.mail_folder / f"{delivery.created_at:%Y%m%dT%H%M%S}-{delivery.id}.eml"


async def _post(mail: EmailMessage, settings: Settings) -> None:
    """Give a mail to the mail server. Raises Undeliverable for what it refuses for good, else SourceDown."""
    password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
    try:
        await aiosmtplib.send(
            mail, hostname=settings.smtp_host, port=settings.smtp_port, timeout=30,
            username=settings.smtp_user or None, password=password,
            use_tls=settings.smtp_security == "tls", start_tls=settings.smtp_security == "starttls",
        )  # fmt: skip
    except aiosmtplib.SMTPRecipientsRefused as error:
        said = "; ".join(f"{one.code} {one.message}" for one in error.recipients)
        if all(one.code >= 500 for one in error.recipients):
            raise Undeliverable(f"The mail server refuses this recipient: {said}") from error
        raise errors.SourceDown(f"The mail server does not take this recipient now: {said}") from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise errors.SourceDown(
            f"The mail server {settings.smtp_host} did not take the mail: {error}"
        ) from error


def _keep(content: bytes, file: Path) -> None:
    """Write a mail as a file, whole or not at all."""
    draft = file.with_suffix(".part")
    draft.write_bytes(content)
    os.replace(draft, file)
