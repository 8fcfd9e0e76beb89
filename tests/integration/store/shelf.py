"""A tenant whose dashboards' snapshots wait, are shown, or have failed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.store.models import Dashboard, DashboardVersion, Snapshot, Tenant, User


class Shelf:
    """A tenant with a dashboard for each version."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.tenant = Tenant(id=uuid4(), slug=f"t-{uuid4().hex[:8]}", name="T")
        self.user = User(id=uuid4(), username=f"u-{uuid4().hex[:8]}")
        session.add_all([self.tenant, self.user])

    @classmethod
    async def alone(cls, session: AsyncSession) -> Shelf:
        """A shelf beside which nothing waits: what other tests have left is undone in the same transaction."""
        made = cls(session)
        await session.flush()
        others = update(Snapshot).where(Snapshot.status.in_(("pending", "rendering")))
        await session.execute(others.values(status="failed"))
        return made

    async def version(self, state: str) -> UUID:
        here, slug = {"tenant_id": self.tenant.id}, f"d-{uuid4().hex[:8]}"
        dashboard = Dashboard(id=uuid4(), slug=slug, name="D", owner_id=self.user.id, **here)
        self.session.add(dashboard)
        await self.session.flush()
        version = DashboardVersion(
            id=uuid4(),
            dashboard_id=dashboard.id,
            number=1,
            notebook_sha256="0",
            notebook="0",
            author_id=self.user.id,
        )
        version.tenant_id, version.state = self.tenant.id, state
        self.session.add(version)
        await self.session.flush()
        return version.id

    async def wait(self, version: UUID, seconds: float, **values: object) -> UUID:
        made = Snapshot(id=uuid4(), tenant_id=self.tenant.id, version_id=version, access_class=uuid4().hex)
        made.parameters_hash, made.created_at = uuid4().hex, datetime.now(UTC) - timedelta(seconds=seconds)
        for name, value in values.items():
            setattr(made, name, value)
        self.session.add(made)
        await self.session.flush()
        return made.id
