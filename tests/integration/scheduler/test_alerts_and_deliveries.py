"""From a finding to a message: decided once, sent once, retried, given up."""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from contracts.outside import House, MailServer, Receiver
from notehouse_core.alerting import Finding
from notehouse_core.artifacts import open_artifacts
from notehouse_core.settings import Settings
from notehouse_core.store import alerts, deliveries
from notehouse_core.store.database import Database
from notehouse_core.store.models import Alert, AlertEvaluation, Delivery
from notehouse_core.webhook_signature import secret_of, signature_of
from notehouse_scheduler.courier import Courier
from notehouse_scheduler.webhooks import Webhooks

FIRING = {"": Finding("firing", 7.0, ({"origin": "JFK", "n": 7},))}
NORMAL = {"": Finding("normal", 1.0)}


@pytest.fixture
async def courier(database: Database, settings: Settings) -> AsyncIterator[Courier]:
    webhooks = Webhooks(settings)
    yield Courier(database, open_artifacts(settings), settings, webhooks)
    await webhooks.aclose()


async def make_alert(database: Database, house: House, *recipients: str) -> UUID:
    async with database.session() as session:
        alert = Alert(
            tenant_id=house.tenant.id,
            owner_id=house.person.id,
            name="late",
            sql="SELECT 1 AS n",
            condition={"kind": "threshold", "column": "n", "operator": ">", "value": 5},
            cron="* * * * *",
            active_since=datetime.now(UTC) - timedelta(minutes=5),
            notification={"recipients": [house.person.username, *recipients]},
        )
        session.add(alert)
        await session.flush()
        return alert.id


async def look(database: Database, alert_id: UUID, findings: dict[str, Finding]) -> None:
    async with database.session() as session:
        alert = await alerts.find(session, alert_id, lock=True)
        assert alert is not None
        await alerts.looked(session, alert, findings, datetime.now(UTC))


async def owed(database: Database, alert_id: UUID) -> list[Delivery]:
    async with database.session() as session:
        query = select(Delivery).where(Delivery.object == f"alert:{alert_id}").order_by(Delivery.created_at)
        return list(await session.scalars(query))


def read(mail: bytes) -> Any:
    return email.message_from_bytes(mail, policy=email.policy.default)


async def test_an_alert_tells_its_change_and_its_recovery_once_each(
    database: Database, house: House, courier: Courier, mail_server: MailServer
) -> None:
    alert_id = await make_alert(database, house)
    for findings in (NORMAL, FIRING, FIRING, FIRING, NORMAL, NORMAL):
        await look(database, alert_id, findings)
        await courier.send_due()
    mine = [one for one in map(read, mail_server.mails) if one["To"] == house.person.email]
    assert [one["Subject"] for one in mine] == ["Firing: late", "Recovered: late"]
    page = mine[0].get_body(("html",)).get_content()
    assert "JFK" in page
    assert f"/services/notehouse/alerts/{alert_id}" in page
    async with database.session() as session:
        query = select(AlertEvaluation).where(AlertEvaluation.alert_id == alert_id)
        history = list(await session.scalars(query.order_by(AlertEvaluation.created_at)))
    assert [one.notified for one in history] == [False, True, False, False, True, False]
    assert history[1].threshold == 5


async def test_a_worker_that_dies_between_decision_and_sending_loses_nothing(
    database: Database, house: House, courier: Courier, mail_server: MailServer
) -> None:
    alert_id = await make_alert(database, house)
    await look(database, alert_id, FIRING)
    async with database.session() as session:
        assert [one.object for one in await deliveries.take(session)] == [f"alert:{alert_id}"]
    # The worker that took it is gone. Nobody else sends it while its lease holds, somebody does afterwards.
    await courier.send_due()
    assert not mail_server.mails
    async with database.session() as session:
        await session.execute(update(Delivery).values(leased_until=datetime.now(UTC) - timedelta(seconds=1)))
    await courier.send_due()
    await courier.send_due()
    assert len(mail_server.mails) == 1


async def test_a_failing_mail_server_is_tried_again_and_a_refused_recipient_is_not(
    database: Database, house: House, courier: Courier, mail_server: MailServer
) -> None:
    alert_id = await make_alert(database, house)
    mail_server.refusals = ["451 try later"]
    await look(database, alert_id, FIRING)
    await courier.send_due()
    [waiting] = await owed(database, alert_id)
    assert (waiting.state, waiting.attempts) == ("pending", 1)
    assert "try later" in (waiting.last_error or "")
    assert waiting.next_try_at > datetime.now(UTC)
    async with database.session() as session:
        await session.execute(update(Delivery).values(next_try_at=datetime.now(UTC)))
    await courier.send_due()
    assert [one.state for one in await owed(database, alert_id)] == ["sent"]


async def test_what_fails_eight_times_is_a_dead_letter(
    database: Database, house: House, courier: Courier, mail_server: MailServer
) -> None:
    alert_id = await make_alert(database, house)
    mail_server.refusals = ["451 later"] * 20
    await look(database, alert_id, FIRING)
    for _ in range(10):
        async with database.session() as session:
            await session.execute(update(Delivery).values(next_try_at=datetime.now(UTC)))
        await courier.send_due()
    [dead] = await owed(database, alert_id)
    assert (dead.state, dead.attempts) == ("dead", deliveries.MOST_ATTEMPTS)


async def test_a_webhook_is_signed_and_retried(
    database: Database, house: House, courier: Courier, receiver: Receiver
) -> None:
    address = f"http://127.0.0.1:{receiver.port}/hook?key=1"
    alert_id = await make_alert(database, house, address)
    receiver.answers = [503]
    await look(database, alert_id, FIRING)
    await courier.send_due()
    async with database.session() as session:
        await session.execute(update(Delivery).values(next_try_at=datetime.now(UTC)))
    await courier.send_due()
    (first, body), (second, again) = receiver.requests
    assert body == again
    assert first["Idempotency-Key"] == second["Idempotency-Key"]
    signature = second["X-Notehouse-Signature"]
    timestamp = int(signature.partition(",")[0].removeprefix("t="))
    assert signature == signature_of(secret_of("key-of-tests", house.tenant.slug), timestamp, again)
    assert json.loads(again)["state"] == "firing"
    assert {one.state for one in await owed(database, alert_id)} == {"sent"}


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1/",
        "https://127.0.0.1/",
        "https://localhost:8443/",
        "https://[::1]/",
        "https://10.0.0.1/",
    ],
)
async def test_a_webhook_may_not_reach_into_the_house(
    database: Database, house: House, courier: Courier, address: str
) -> None:
    alert_id = await make_alert(database, house, address)
    await look(database, alert_id, FIRING)
    await courier.send_due()
    [refused] = [one for one in await owed(database, alert_id) if one.kind == "webhook"]
    assert refused.state == "dead"
    assert "NOTEHOUSE_WEBHOOK_HOSTS" in (refused.last_error or "")


async def test_a_redirect_is_not_followed(
    database: Database, house: House, courier: Courier, receiver: Receiver
) -> None:
    alert_id = await make_alert(database, house, f"http://127.0.0.1:{receiver.port}/")
    receiver.answers = [302]
    await look(database, alert_id, FIRING)
    await courier.send_due()
    [refused] = [one for one in await owed(database, alert_id) if one.kind == "webhook"]
    assert (refused.state, len(receiver.requests)) == ("dead", 1)


async def test_without_a_mail_server_mails_are_files(
    database: Database, house: House, courier: Courier, settings: Settings
) -> None:
    settings.smtp_host = ""
    alert_id = await make_alert(database, house)
    await look(database, alert_id, FIRING)
    await courier.send_due()
    [file] = settings.mail_folder.glob("*.eml")
    assert read(file.read_bytes())["Subject"] == "Firing: late"
    [kept] = await owed(database, alert_id)
    assert courier.artifacts.get(kept.message or "") == file.read_bytes()


async def test_two_workers_do_not_look_at_one_alert(database: Database, house: House) -> None:
    alert_id = await make_alert(database, house)
    now = datetime.now(UTC)
    async with database.session() as one, database.session() as two:
        first = await alerts.take_due(one, now)
        second = await alerts.take_due(two, now)
    assert alert_id in {alert.id for alert in first}
    assert alert_id not in {alert.id for alert in second}


async def test_a_muted_alert_tells_nobody_but_remembers(database: Database, house: House) -> None:
    alert_id = await make_alert(database, house)
    async with database.session() as session:
        muted = datetime.now(UTC) + timedelta(hours=1)
        await session.execute(update(Alert).where(Alert.id == alert_id).values(muted_until=muted))
    await look(database, alert_id, FIRING)
    assert not await owed(database, alert_id)
    async with database.session() as session:
        alert = await alerts.find(session, alert_id)
    assert alert is not None
    assert [one.state for one in alert.states] == ["firing"]
