"""Does the platform that runs here do its work? Asked of its processes, its database and its engine."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from notehouse_core.access import AccessPlan, clickhouse_password, clickhouse_user
from notehouse_core.errors import NotehouseError
from notehouse_core.settings import API_PREFIX, DASHBOARDS_PREFIX, Settings
from notehouse_core.store import migrate
from notehouse_core.store.database import Database
from notehouse_core.store.models import AuditEvent
from notehouse_core.store.plan import load_access_plan
from notehouse_hub.embedded.clickhouse_config import KEY_HEADER
from notehouse_hub.rights.profile import GATE_ID
from notehouse_hub.supervisor import status, users
from notehouse_hub.supervisor.errors import Wrong
from notehouse_hub.supervisor.folders import Folders
from notehouse_hub.supervisor.platform import Platform
from notehouse_hub.supervisor.ports import Ports
from notehouse_hub.supervisor.secrets import Vault

MOST_CLASSES = 50  # asked one by one
_PATIENCE = 5.0  # seconds for one answer


def platform_of(settings: Settings) -> Platform:
    """Return the running platform as its own user sees it."""
    who = users.choose(settings.uid_base, settings.isolate)
    vault = Vault(settings.data / "secrets")
    layout = Ports.from_base(settings.port)
    return Platform(settings, Folders(settings.data), who, layout, vault, Path(sys.executable))


def processes(settings: Settings, running: status.Status) -> Iterator[tuple[str, str | Wrong]]:
    """Say of each process how it is: a sentence, or what is wrong."""
    pages = _pages(Ports.from_base(settings.port))
    for one in running.processes:
        log = settings.data / "logs" / f"{one.name}.log"
        if one.state != status.READY:
            yield one.name, Wrong(f"is {one.state}: {one.message}", f"Why is at the end of {log}")
        elif one.name in pages:
            yield one.name, _answer_of(pages[one.name], log)
        else:
            yield one.name, "runs"


def _pages(ports: Ports) -> dict[str, str]:
    paths = {
        "hub": f"{ports.hub}/hub/health",
        "api": f"{ports.api}{API_PREFIX}/health/ready",
        "query-gateway": f"{ports.query_gateway}/health/ready",
        "dashboards": f"{ports.dashboards}{DASHBOARDS_PREFIX}/health/ready",
        "worker": f"{ports.worker}/health/ready",
        "printer": f"{ports.printer}/health/ready",
        "rights": f"{ports.rights}/health/ready",
    }
    return {name: f"http://127.0.0.1:{path}" for name, path in paths.items()}


def _answer_of(address: str, log: Path) -> str | Wrong:
    began = time.perf_counter()
    try:
        answer = httpx.get(address, timeout=_PATIENCE, trust_env=False)
    except httpx.HTTPError as error:
        return Wrong(f"does not answer ({type(error).__name__})", f"Why is at the end of {log}")
    if answer.status_code != 200:
        return Wrong(f"answers that it is not ready: {answer.text[:200]}", f"Why is at the end of {log}")
    return f"answers in {(time.perf_counter() - began) * 1000:.0f} ms"


def schema(settings: Settings) -> str:
    """Say whether the database has this version's tables. Raises Wrong."""
    try:
        found, wanted = migrate.versions(platform_of(settings).database_urls.owner)
    except (NotehouseError, SQLAlchemyError) as error:
        told = error.message if isinstance(error, NotehouseError) else "Postgres does not answer its owner"
        raise Wrong(f"cannot be read: {told}", "See what is said of postgres") from error
    if found != wanted:
        raise Wrong(
            f"the database has version {found or 'none'}, this Notehouse needs {wanted}",
            "Stop Notehouse and start it again, or run `notehouse migrate` with NOTEHOUSE_DATABASE_OWNER_URL",
        )
    return f"version {found}, as this Notehouse needs it"


def classes(settings: Settings) -> str:
    """Say whether ClickHouse lets every access class in, as itself. Raises Wrong."""
    platform = platform_of(settings)
    try:
        plan = asyncio.run(_plan(platform))
    except (NotehouseError, SQLAlchemyError) as error:
        raise Wrong(
            "which there should be cannot be read from Postgres", "See what is said of schema"
        ) from error
    asked = [*sorted(plan.classes)[:MOST_CLASSES], GATE_ID]
    refused = [one for one in asked if not _is_let_in(platform, one)]
    if refused:
        names = ", ".join(refused[:3])
        raise Wrong(
            f"ClickHouse refuses {len(refused)} of {len(asked)} classes that should be able to read: {names}",
            "Rights are written within seconds; if this stays, start Notehouse again and look into logs/clickhouse.log",
        )
    return f"ClickHouse lets all {len(plan.classes)} access classes in ({len(asked)} were tried)"


def audit(settings: Settings) -> str:
    """Say whether the audit is as it was written. Raises Wrong."""
    try:
        broken, events = asyncio.run(_audit(platform_of(settings)))
    except (NotehouseError, SQLAlchemyError) as error:
        raise Wrong("cannot be read from Postgres", "See what is said of schema") from error
    if broken is not None:
        raise Wrong(
            f"the chain breaks at event {broken} of {events}: somebody with rights on the database has changed the audit",
            "Compare with a backup from before; whoever can write as the owner of the schema could have done it",
        )
    return f"all {events} events are as they were written"


async def _audit(platform: Platform) -> tuple[int | None, int]:
    database = Database(platform.database_urls.app)
    try:
        async with database.session() as session:
            broken: int | None = await session.scalar(select(func.notehouse_audit_break()))
            return broken, await session.scalar(select(func.count(AuditEvent.number))) or 0
    finally:
        await database.close()


async def _plan(platform: Platform) -> AccessPlan:
    database = Database(platform.database_urls.app)
    try:
        async with database.session() as session:
            return await load_access_plan(session)
    finally:
        await database.close()


def _is_let_in(platform: Platform, class_id: str) -> bool:
    password = clickhouse_password(platform.vault.text("class-secret"), class_id)
    headers = {"X-ClickHouse-User": clickhouse_user(class_id), "X-ClickHouse-Key": password}
    if platform.clickhouse_key:
        headers[KEY_HEADER] = platform.clickhouse_key
    try:
        answer = httpx.post(
            platform.clickhouse_url, content=b"SELECT 1", headers=headers, timeout=_PATIENCE, trust_env=False
        )
    except httpx.HTTPError:
        return False
    return answer.status_code == 200
