"""Somebody who may see a dashboard gets it by mail, as themselves, until they end it or may see it no more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from notehouse_core import errors
from notehouse_core.settings import Settings
from notehouse_core.store import dashboards, deliveries, members, schedules, subscriptions, tenants
from notehouse_core.store.database import Database
from notehouse_core.store.models import Dashboard, DashboardVersion, Delivery, Membership, Run, User
from notehouse_scheduler.mail import compose

EACH_MINUTE = ("* * * * *", "Europe/Berlin")
HOUSE = Settings()


class House:
    """A tenant with a dashboard that everyone in it may see, and a viewer."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def furnish(self, mail: str | None = "vi@example.com") -> tuple[Dashboard, User]:
        slug = f"t-{uuid4().hex[:8]}"
        await tenants.create(self.session, slug, "T")
        tenant = await tenants.find_tenant(self.session, slug)
        viewer = User(id=uuid4(), username=f"vi-{uuid4().hex[:8]}", email=mail)
        owner = User(id=uuid4(), username=f"own-{uuid4().hex[:8]}")
        self.session.add_all([viewer, owner])
        await self.session.flush()
        await members.join(self.session, viewer, slug, "viewer")
        made = Dashboard(
            id=uuid4(), tenant_id=tenant.id, slug="delays", name="Delays", owner_id=owner.id, is_public=True
        )
        self.session.add(made)
        await self.session.flush()
        version = DashboardVersion(
            id=uuid4(), tenant_id=tenant.id, dashboard_id=made.id, number=1, author_id=owner.id
        )
        version.notebook_sha256 = version.notebook = "kept"
        version.state = "ready"
        self.session.add(version)
        await self.session.flush()
        made.published_version_id = version.id
        await self.session.flush()
        found = await dashboards.find(self.session, f"{slug}:delays")
        assert found is not None
        return found, viewer

    async def due(self, schedule: UUID) -> list[Run]:
        """What the subscription has run so far, when it is looked at just after the next minute begins."""
        minute = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        await schedules.make_due_runs(self.session, minute + timedelta(seconds=5))
        query = select(Run).where(Run.schedule_id == schedule).options(selectinload(Run.run_as))
        return list(await self.session.scalars(query))


async def test_a_subscriber_gets_the_report_as_themselves_with_a_way_out(database: Database) -> None:
    async with database.session() as session:
        house = House(session)
        dashboard, viewer = await house.furnish()
        made = await subscriptions.subscribe(session, dashboard, viewer, *EACH_MINUTE)
        again = await subscriptions.subscribe(session, dashboard, viewer, "*/2 * * * *", "UTC")
        assert again.id == made.id
        await subscriptions.subscribe(session, dashboard, viewer, *EACH_MINUTE)
        runs = await house.due(made.id)
        assert [(one.run_as.username, one.notebook) for one in runs] == [(viewer.username, "kept")]
        assert await deliveries.owe_report(session, runs[0], "succeeded", None) == 1
        query = (
            select(Delivery)
            .where(Delivery.object == f"run:{runs[0].id}")
            .options(selectinload(Delivery.tenant))
        )
        delivery = (await session.scalars(query)).one()
        assert (delivery.address, delivery.subject) == ("vi@example.com", "Delays")
        mail = compose(delivery, HOUSE)
        page = f"{HOUSE.base_url}/services/dashboards/{dashboard.tenant.slug}/delays"
        assert mail["List-Unsubscribe"] == f"<{page}#subscribe>"
        assert mail["Reply-To"] is None
        for part in ("html", "plain"):
            shown = mail.get_body((part,)).get_content()  # type: ignore[union-attr]
            assert f"{page}#subscribe" in shown
            assert "/runs/" not in shown
        await session.rollback()


async def test_why_a_report_failed_is_not_for_its_subscribers(database: Database) -> None:
    async with database.session() as session:
        house = House(session)
        dashboard, viewer = await house.furnish()
        made = await subscriptions.subscribe(session, dashboard, viewer, *EACH_MINUTE)
        run = (await house.due(made.id))[0]
        secret = {"cell": 3, "name": "KeyError", "message": "secret of the source"}
        assert await deliveries.owe_report(session, run, "failed", secret) == 1
        query = (
            select(Delivery).where(Delivery.object == f"run:{run.id}").options(selectinload(Delivery.tenant))
        )
        told = compose((await session.scalars(query)).one(), HOUSE).as_string()
        assert "Delays failed" in told
        assert "secret of the source" not in told
        await session.rollback()


@pytest.mark.parametrize("how", ["private", "no member", "unsubscribed", "deleted"])
async def test_a_subscription_ends(database: Database, how: str) -> None:
    async with database.session() as session:
        house = House(session)
        dashboard, viewer = await house.furnish()
        made = await subscriptions.subscribe(session, dashboard, viewer, *EACH_MINUTE)
        if how == "private":
            dashboard.is_public = False
        elif how == "no member":
            await session.execute(delete(Membership).where(Membership.user_id == viewer.id))
        elif how == "deleted":
            dashboard.deleted_at = datetime.now(UTC)
        else:
            await subscriptions.unsubscribe(session, dashboard, viewer)
        await session.flush()
        identifier = made.id
        session.expire_all()
        assert await house.due(identifier) == []
        await session.refresh(made)
        assert not made.is_active
        await session.rollback()


async def test_without_an_address_or_a_time_there_is_no_subscription(database: Database) -> None:
    async with database.session() as session:
        house = House(session)
        dashboard, viewer = await house.furnish(mail=None)
        with pytest.raises(errors.Conflict, match="no mail address"):
            await subscriptions.subscribe(session, dashboard, viewer, *EACH_MINUTE)
        with pytest.raises(errors.Invalid):
            await subscriptions.subscribe(session, dashboard, viewer, "never", "UTC")
        assert await subscriptions.of(session, dashboard, viewer) is None
        await session.rollback()
