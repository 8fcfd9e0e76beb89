"""What the dashboard server holds open; one of each a process."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from pathlib import Path

from notehouse_core.artifacts import ArtifactStore, open_artifacts
from notehouse_core.control_plane import ControlPlane
from notehouse_core.settings import DASHBOARDS_PREFIX, Settings, required
from notehouse_core.store.database import Database
from notehouse_core.store.generations import Current
from notehouse_core.store.viewing import Seen
from notehouse_core.together import Together
from notehouse_core.tokens import FrameSigner
from notehouse_core.usage import UsageWriter
from notehouse_core.warehouse import Warehouse
from notehouse_dashboards.assets import Assets
from notehouse_dashboards.kept_pages import KeptPages
from notehouse_dashboards.opened import Opened
from notehouse_dashboards.shells import Shells
from notehouse_dashboards.tiles.answers import TileAnswers
from notehouse_dashboards.tiles.renewals import Renewals
from notehouse_dashboards.tiles.watermarks import Watermarks


@dataclass(frozen=True)
class Resources:
    """Connections, keys, stores and files."""

    settings: Settings
    database: Database
    control: ControlPlane
    artifacts: ArtifactStore
    frames: FrameSigner
    assets: Assets
    pages: KeptPages
    cookie_secret: bytes
    usage: UsageWriter
    warehouse: Warehouse
    marks: Watermarks
    tiles: TileAnswers
    renewals: Renewals
    seen: Current[Seen]
    linked: Together[Seen]
    opened: Opened
    shells: Shells
    themes: Current[str]
    prefix: str = f"{DASHBOARDS_PREFIX}/"

    @classmethod
    def of(cls, settings: Settings) -> Resources:
        """Open everything. Raises Invalid naming a setting that is missing."""
        key = required(settings.frame_key, "frame_key")
        control, artifacts, warehouse = ControlPlane(settings), open_artifacts(settings), Warehouse(settings)
        database = Database(required(settings.database_url, "database_url"))
        marks = Watermarks(control)
        return cls(
            settings=settings,
            database=database,
            control=control,
            artifacts=artifacts,
            warehouse=warehouse,
            marks=marks,
            tiles=TileAnswers(warehouse, control, artifacts, marks),
            renewals=Renewals(database, marks),
            seen=Current(database),
            linked=Together(),
            opened=Opened(),
            shells=Shells(),
            themes=Current(database),
            frames=FrameSigner(key),
            assets=Assets(f"{DASHBOARDS_PREFIX}/", Path.home()),
            pages=KeptPages(artifacts),
            usage=UsageWriter(settings, Path.home() / "usage.jsonl"),
            cookie_secret=hmac.digest(key.encode(), b"dashboards cookies", "sha256"),
        )

    async def close(self) -> None:
        """Close everything."""
        await self.usage.close()
        await self.renewals.close()
        await self.marks.close()
        await self.warehouse.close()
        await self.control.aclose()
        await self.database.close()
