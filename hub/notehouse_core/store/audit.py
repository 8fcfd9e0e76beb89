"""Who did what: rows that are only ever added."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.store.models import AuditEvent


async def record(
    session: AsyncSession,
    actor: str,
    action: str,
    object: str = "",
    details: dict[str, Any] | None = None,
    *,
    tenant_id: UUID | None = None,
    address: str | None = None,
    request_id: str | None = None,
) -> None:
    """Write down what somebody did, in the transaction that does it; `details` never hold a secret."""
    session.add(
        AuditEvent(
            actor=actor, action=action, object=object, details=details or {}, tenant_id=tenant_id,
            address=address, request_id=request_id,
        )
    )  # fmt: skip
    await session.flush()
