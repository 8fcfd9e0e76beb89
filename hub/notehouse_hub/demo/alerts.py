"""The demo's alerts: one on a threshold, one on rows that should not be there."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.store.models import Alert, Tenant, User

ALERTS: dict[str, dict[str, Any]] = {
    "cancellations-high": {
        "sql": "SELECT toDate(time_hour) AS day, round(100 * countIf(cancelled) / count(), 1) AS percent\n"
        "FROM flights GROUP BY day ORDER BY day DESC LIMIT 1",
        "condition": {"kind": "threshold", "column": "percent", "operator": ">", "value": 5},
    },
    "no-new-flights": {
        "sql": "SELECT max(time_hour) AS newest FROM flights HAVING newest < now() - INTERVAL 1 DAY",
        "condition": {"kind": "any_row"},
    },
}


async def set_alerts(session: AsyncSession, tenant: Tenant, owner: User) -> None:
    """Set those that are not there yet; their owner hears of changes."""
    for name, content in ALERTS.items():
        known = select(Alert.id).where(Alert.tenant_id == tenant.id, Alert.name == name)
        if await session.scalar(known) is not None:
            continue
        session.add(
            Alert(
                tenant_id=tenant.id,
                owner_id=owner.id,
                name=name,
                cron="*/5 * * * *",
                timezone="America/New_York",
                notification={"recipients": [owner.username]},
                **content,
            )
        )
