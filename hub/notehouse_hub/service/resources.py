"""What does the API process hold open while it runs?"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.access import AccessPlan
from notehouse_core.artifacts import ArtifactStore, open_artifacts
from notehouse_core.errors import Invalid
from notehouse_core.settings import Settings, required
from notehouse_core.store import audit
from notehouse_core.store.database import Database
from notehouse_core.store.generations import Current
from notehouse_core.store.isolation import NOWHERE, SETTING, everywhere
from notehouse_core.store.models import User
from notehouse_core.store.plan import load_access_plan
from notehouse_core.token_keys import SigningKey, VerifyKeys
from notehouse_core.usage import UsageWriter
from notehouse_core.warehouse import Warehouse
from notehouse_hub.login.password_rules import PasswordRules
from notehouse_hub.login.passwords import Passwords
from notehouse_hub.login.second_factor import SecondFactors
from notehouse_hub.rights.server import Server
from notehouse_hub.service.buckets import Buckets
from notehouse_hub.service.gateway_watch import GatewayWatch
from notehouse_hub.service.hub_api import HubApi
from notehouse_hub.service.kernel_gateways import KernelGateways
from notehouse_hub.service.sessions import Cookies
from notehouse_hub.sources.connecting import Sources
from notehouse_hub.sources.refreshing import Refresher

PREFIX = "/services/notehouse"
API_PREFIX = f"{PREFIX}/api/v1"
KEEPS = "notehouse_keeps"  # in a session's info: its transaction is needed to the end of the request


@dataclass(frozen=True)
class Resources:
    """Connections, keys and stores; one of each a process."""

    settings: Settings
    database: Database
    hub: HubApi
    gateways: KernelGateways
    gateway_watch: GatewayWatch
    warehouse: Warehouse
    signer: SigningKey
    verifier: VerifyKeys
    clickhouse: Server
    artifacts: ArtifactStore
    cookies: Cookies
    usage: UsageWriter
    passwords: Passwords
    password_rules: PasswordRules
    second_factors: SecondFactors
    sources: Sources
    refresher: Refresher
    buckets: Buckets
    plans: Current[AccessPlan]
    people: Current[User | None]
    client_id: str = "service-notehouse"

    async def access_plan(self, session: AsyncSession) -> AccessPlan:
        """Every class that there is at this moment, and who holds it; loaded anew only when rights have changed.

        Asked in the request's own transaction: who holds a connection must not wait for a second one.
        """
        return await self.plans.within(session, "", _plan_of_all)


@asynccontextmanager
async def open_resources(settings: Settings) -> AsyncIterator[Resources]:
    """Open everything, and close it at the end. Raises Invalid naming a setting that is missing."""
    hub = HubApi(settings.hub_api, required(settings.hub_token, "hub_token"))
    warehouse, clickhouse = Warehouse(settings), Server(settings)
    database = Database(required(settings.database_url, "database_url"))
    signer, verifier = _keys(settings)
    sources = Sources(settings)
    refresher = Refresher(database, sources)
    usage = UsageWriter(settings, Path.home() / "usage.jsonl")
    usage.start()
    try:
        yield Resources(
            settings=settings,
            database=database,
            hub=hub,
            gateways=KernelGateways(hub, settings),
            gateway_watch=GatewayWatch(hub, f"http://127.0.0.1:{settings.port}"),
            warehouse=warehouse,
            clickhouse=clickhouse,
            signer=signer,
            verifier=verifier,
            artifacts=open_artifacts(settings),
            cookies=Cookies(
                required(settings.session_key, "session_key"),
                PREFIX,
                secure=settings.base_url.startswith("https:"),
            ),
            usage=usage,
            passwords=Passwords(),
            password_rules=PasswordRules(settings.breached_passwords),
            buckets=Buckets(),
            plans=Current(database),
            people=Current(database),
            second_factors=SecondFactors(required(settings.account_key, "account_key")),
            sources=sources,
            refresher=refresher,
        )
    finally:
        await refresher.close()
        await usage.close()
        await warehouse.close()
        await clickhouse.close()
        await hub.close()
        await database.close()


async def _plan_of_all(session: AsyncSession) -> AccessPlan:
    async with everywhere(session):
        return await load_access_plan(session)


def _keys(settings: Settings) -> tuple[SigningKey, VerifyKeys]:
    if settings.signing_key_file is None or settings.verify_keys_file is None:
        raise Invalid(
            "NOTEHOUSE_SIGNING_KEY_FILE and NOTEHOUSE_VERIFY_KEYS_FILE must be set. `notehouse up` sets them."
        )
    return SigningKey(settings.signing_key_file), VerifyKeys(settings.verify_keys_file)


def resources_of(request: Request) -> Resources:
    """Return what the process holds open."""
    resources: Resources = request.app.state.resources
    return resources


async def _depended_on(request: Request) -> Resources:
    """The same for FastAPI, which runs functions that are not coroutines in a thread each."""
    return resources_of(request)


ResourcesDep = Annotated[Resources, Depends(_depended_on)]


async def session_of(resources: ResourcesDep) -> AsyncIterator[AsyncSession]:
    """Give a request one transaction, committed before the answer goes out and undone by any error.

    It sees nothing of any tenant until it is known who calls.
    """
    async with resources.database.session(NOWHERE) as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(session_of, scope="function")]


async def let_go(session: AsyncSession) -> None:
    """End a request's transaction before something slow that needs it no more, so that others get its connection.

    Not while an answer has to be kept in it; nothing when it has ended already.
    """
    if session.in_transaction() and not session.info.get(KEEPS):
        await session.commit()


@asynccontextmanager
async def own_transaction(resources: Resources, session: AsyncSession) -> AsyncIterator[AsyncSession]:
    """Give a request one more transaction, for the same tenants and in the same name, that ends with the block.

    For what must be kept before something slow begins: whoever writes holds up others until the end of a transaction.
    """
    scope = await session.scalar(select(func.current_setting(SETTING, True)))
    async with resources.database.session(scope or NOWHERE) as own:
        audit.sign(own, audit.author_of(session))
        yield own
