"""`python -m notehouse_hub.demo`: make the demo's accounts and content; safe to repeat."""

from __future__ import annotations

import asyncio
import json
import os

from sqlalchemy import text

from notehouse_core.artifacts import open_artifacts
from notehouse_core.errors import Invalid
from notehouse_core.settings import Settings, load_settings, required
from notehouse_core.store.database import Database
from notehouse_core.store.plan import CHANNEL
from notehouse_hub.demo.accounts import PEOPLE, make_person, make_tenant
from notehouse_hub.demo.alerts import set_alerts
from notehouse_hub.demo.content import publish_examples, schedule_report
from notehouse_hub.demo.sources import CARRIERS, LANDING, LIVE, METADATA, TRADE, WAREHOUSE


async def seed(settings: Settings, passwords: dict[str, str]) -> None:
    """Make everything in one transaction."""
    database = Database(required(settings.database_url, "database_url"))
    artifacts = open_artifacts(settings)
    sources = (WAREHOUSE, LIVE, TRADE, LANDING, *([METADATA] if settings.metadata_demo_url else []))
    try:
        async with database.session() as session:
            tenants = {slug: await make_tenant(session, slug, sources) for slug in CARRIERS}
            people = {name: await make_person(session, name, passwords[name]) for name in PEOPLE}
            for slug, tenant in tenants.items():
                owner = people[f"{slug}-analyst"]
                await publish_examples(session, artifacts, tenant, owner)
                await schedule_report(session, artifacts, tenant, owner)
                await set_alerts(session, tenant, owner)
            await session.execute(text(f"NOTIFY {CHANNEL}"))
    finally:
        await database.close()


def _passwords() -> dict[str, str]:
    given = json.loads(os.environ.get("NOTEHOUSE_DEMO_PASSWORDS", "{}"))
    if missing := PEOPLE.keys() - given.keys():
        raise Invalid(f"NOTEHOUSE_DEMO_PASSWORDS lacks {', '.join(sorted(missing))}. `notehouse up` sets it.")
    return dict(given)


if __name__ == "__main__":
    asyncio.run(seed(load_settings(), _passwords()))
