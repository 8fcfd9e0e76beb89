"""What the demo's analysts have made: the example dashboards at each airline, and a weekly report."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.artifacts import ArtifactStore
from notehouse_core.paths import shared
from notehouse_core.store import dashboards
from notehouse_core.store.models import Dashboard, Schedule, Tenant, User
from notehouse_hub.service.notebooks import CheckedNotebook, check_notebook, tiles_of

_LARGEST = 10_000_000


@dataclass(frozen=True)
class Example:
    """An example dashboard; its notebook is named as it is."""

    slug: str
    name: str
    description: str
    tags: list[str]


EXAMPLES = (
    Example(
        "punctuality",
        "Punctuality",
        "How late flights arrive, by month and by airport of departure.",
        ["flights", "operations"],
    ),
    Example("network", "Network", "Where flights go, how often, and when they leave.", ["flights", "routes"]),
    Example(
        "weather",
        "Weather and delays",
        "What wind, rain and fog do to departures, and when they did it.",
        ["flights", "weather"],
    ),
    Example(
        "fleet", "Fleet", "Which planes fly, how old they are and how hard they work.", ["flights", "planes"]
    ),
    Example("sales", "Sales", "Orders of a wholesale house on the tables of TPC-H.", ["tpch", "sales"]),
)


def example(path: str) -> CheckedNotebook:
    """A notebook that ships with Notehouse, checked as any other."""
    content = (shared("notebooks") / path).read_bytes()
    return check_notebook(json.loads(content), len(content), _LARGEST)


async def publish_examples(
    session: AsyncSession, artifacts: ArtifactStore, tenant: Tenant, owner: User
) -> None:
    """Publish the example dashboards; anew only where a notebook has changed."""
    for one in EXAMPLES:
        checked = example(f"examples/{one.slug}.ipynb")
        found = await _dashboard(session, one, tenant, owner)
        known = await dashboards.versions_of(session, found)
        if checked.sha256 not in {
            each.notebook_sha256 for each in known
        }:  # what its people published since stays
            await _publish(session, artifacts, found, checked, owner)


async def _dashboard(session: AsyncSession, one: Example, tenant: Tenant, owner: User) -> Dashboard:
    reference = f"{tenant.slug}:{one.slug}"
    found = await dashboards.find(session, reference, lock=True)
    if found is None:
        session.add(Dashboard(tenant_id=tenant.id, owner_id=owner.id, is_public=True, **asdict(one)))
        await session.flush()
        found = await dashboards.find(session, reference, lock=True)
    assert found is not None  # noqa: S101 - made above
    return found


async def _publish(
    session: AsyncSession,
    artifacts: ArtifactStore,
    dashboard: Dashboard,
    checked: CheckedNotebook,
    owner: User,
) -> None:
    version = await dashboards.add_version(
        session,
        dashboard,
        notebook=artifacts.put(checked.content),
        notebook_sha256=checked.sha256,
        parameters=checked.parameters,
        layout=checked.layout,
        tiles=[vars(tile) for tile in tiles_of(checked)],
        message="The demo's own",
        author=owner,
    )
    await dashboards.request_snapshots(session, dashboard, version)


async def schedule_report(
    session: AsyncSession, artifacts: ArtifactStore, tenant: Tenant, owner: User
) -> None:
    """The weekly report, each Monday at seven in New York."""
    wanted = select(Schedule).where(Schedule.tenant_id == tenant.id, Schedule.name == "weekly-punctuality")
    if await session.scalar(wanted) is not None:
        return
    checked = example("reports/weekly-punctuality.ipynb")
    session.add(
        Schedule(
            tenant_id=tenant.id,
            name="weekly-punctuality",
            notebook=artifacts.put(checked.content),
            notebook_name="weekly-punctuality.ipynb",
            cron="0 7 * * 1",
            timezone="America/New_York",
            parameters=checked.parameters,
            recipients=[owner.username],
            formats=["html", "ipynb"],
            run_as_id=owner.id,
            owner_id=owner.id,
        )
    )
