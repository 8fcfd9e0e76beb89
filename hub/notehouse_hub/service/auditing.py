"""Writes down who did what through the API: with the address, and the id that the answer carries."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import log_context
from notehouse_core.store import audit
from notehouse_hub.service.resources import SessionDep


class Audit:
    """The audit of one request, in its transaction."""

    def __init__(self, request: Request, session: AsyncSession) -> None:
        self._session = session
        self._address = request.client.host if request.client else None

    async def __call__(
        self, actor: str, action: str, object: str = "", *, tenant_id: UUID | None = None, **details: Any
    ) -> None:
        """Record what `actor` did to `object`."""
        await audit.record(
            self._session, actor, action, object, details, tenant_id=tenant_id, address=self._address,
            request_id=log_context.request_id(),
        )  # fmt: skip

    @property
    def address(self) -> str:
        """Where the request came from."""
        return self._address or ""


async def _audit(request: Request, session: SessionDep) -> Audit:
    return Audit(request, session)


AuditDep = Annotated[Audit, Depends(_audit)]
