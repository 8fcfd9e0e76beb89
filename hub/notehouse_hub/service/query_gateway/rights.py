"""Who may read what right now? The access plan from Postgres, followed as it changes.

Fails closed: while a change is being read, requests wait for it; when Postgres has been away for longer than
PATIENCE, nothing passes, since a right could have been taken away without our hearing of it.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import psycopg
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from notehouse_core.access import ASK_ABOVE, PLATFORM, AccessPlan
from notehouse_core.store.announcements import heard
from notehouse_core.store.database import Database
from notehouse_core.store.models import DataSource, Tenant, Token
from notehouse_core.store.plan import load_access_plan
from notehouse_core.store.sources import warehouse_database
from notehouse_hub.service.query_gateway.refusal import unavailable

PATIENCE = 15.0  # seconds without Postgres before nothing passes
_WAIT = 3.0  # seconds a request waits for a change that is being read
_REREAD = 60.0  # seconds after which the plan is read again even if nothing was announced

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rights:
    """What Postgres said at one moment."""

    plan: AccessPlan
    revoked: frozenset[str] = frozenset()  # ids of tokens, and their hashes
    databases: Mapping[tuple[str, str], str] = field(
        default_factory=dict
    )  # (tenant, source) -> default database
    ask_above: Mapping[str, int] = field(default_factory=dict)  # tenant -> rows above which a cell asks first

    def default_database(self, tenant: str, source: str, granted: list[str]) -> str:
        """Return the database of unqualified names: the source's own, or else the first that is granted."""
        chosen = self.databases.get((tenant, source), "")
        return chosen if chosen in granted else next(iter(granted), "default")


class RightsFollower:
    """Keeps the rights of this moment, and tells when they change."""

    def __init__(
        self, database_url: str, changed: Callable[[Rights], Awaitable[None]], patience: float = PATIENCE
    ) -> None:
        self._database_url = database_url
        self._database = Database(database_url, pool_size=1)
        self._changed = changed
        self._patience = patience
        self._rights: Rights | None = None
        self._confirmed = self._read_at = 0.0
        self._up_to_date = asyncio.Event()

    async def current(self) -> Rights:
        """Return the rights. Raises Refusal when they are not known for certain."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_WAIT):
                await self._up_to_date.wait()
        if self._rights is None or not self.known:
            raise unavailable(
                "Your rights cannot be checked now, because the platform's metadata database does not answer. "
                "It is being started again: try in a few seconds.",
                seconds=5,
            )
        return self._rights

    @property
    def known(self) -> bool:
        """Say whether the rights are known for certain."""
        if self._rights is None or not self._up_to_date.is_set():
            return False
        return time.monotonic() - self._confirmed < self._patience

    async def follow(self) -> None:
        """Follow the rights until cancelled, also through restarts of Postgres."""
        try:
            while True:
                try:
                    await self._listen()
                except (psycopg.Error, SQLAlchemyError, OSError, TimeoutError) as error:
                    log.warning("rights cannot be followed, trying again: %s", type(error).__name__)
                    await asyncio.sleep(0.5)
        finally:
            await self._database.close()

    async def _listen(self) -> None:
        async with contextlib.aclosing(heard(self._database_url)) as listening:
            async for announced in listening:
                if announced or time.monotonic() - self._read_at > _REREAD:
                    self._up_to_date.clear()
                    await self._read()
                else:
                    self._confirmed = time.monotonic()

    async def _read(self) -> None:
        """Read everything anew; what was known before stays in force only as long as our patience lasts."""
        asked_at = time.monotonic()
        async with asyncio.timeout(10):
            rights = await _load(self._database)
        before, self._rights = self._rights, rights
        self._confirmed = self._read_at = asked_at
        self._up_to_date.set()
        if before is not None and before != rights:
            await self._changed(rights)


async def _load(database: Database) -> Rights:
    async with database.session() as session:
        plan = await load_access_plan(session)
        revoked = await session.execute(
            select(Token.id, Token.token_sha256).where(
                Token.revoked_at.is_not(None), Token.expires_at > func.now()
            )
        )
        ended = frozenset(str(one) for row in revoked for one in row)
        sources = await session.execute(
            select(Tenant.slug, DataSource)
            .join(Tenant, Tenant.id == DataSource.tenant_id)
            .order_by(Tenant.slug.desc(), DataSource.name)
        )
        databases: dict[tuple[str, str], str] = {}
        for tenant, source in sources:
            chosen = warehouse_database(source)
            databases[tenant, source.name] = databases[PLATFORM, source.name] = chosen
        tenants = await session.execute(select(Tenant.slug, Tenant.settings))
        ask_above = {
            slug: int(quotas[ASK_ABOVE])
            for slug, settings in tenants
            if (quotas := settings.get("quotas") or {}).get(ASK_ABOVE)
        }
        return Rights(plan, ended, databases, ask_above)
