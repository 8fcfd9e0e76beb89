"""Makes the snapshots that wait, one after another; several servers share the work."""

from __future__ import annotations

import asyncio
import json
import logging

import nbformat
from nbformat import NotebookNode
from sqlalchemy.exc import DBAPIError

from notehouse_core import errors, log_context
from notehouse_core.artifacts import ArtifactStore
from notehouse_core.control_plane import ControlPlane
from notehouse_core.settings import DASHBOARDS_PREFIX, Settings
from notehouse_core.store import renderings, thumbnails
from notehouse_core.store.database import Database
from notehouse_core.store.models import DashboardVersion, Snapshot
from notehouse_core.tile_plan import Plan
from notehouse_dashboards.assets import Assets
from notehouse_dashboards.content import packed
from notehouse_dashboards.execution import NotebookFailed, Source, execute, kernel_for, shown, widget_states
from notehouse_dashboards.series import SNAPSHOTS

LOOK_EVERY = 0.5  # seconds between two looks for work
RENEW_EVERY = 15.0

log = logging.getLogger(__name__)


class SnapshotMaker:
    """Takes snapshots that wait, and makes them."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        control: ControlPlane,
        artifacts: ArtifactStore,
        assets: Assets,
    ) -> None:
        self._settings, self._database, self._control = settings, database, control
        self._artifacts, self._assets = artifacts, assets

    async def run(self) -> None:
        """Work until cancelled; Postgres being away only delays it."""
        while True:
            try:
                worked = await self.make_one()
            except (DBAPIError, OSError) as error:
                log.warning("no snapshots now, the database does not answer: %s", type(error).__name__)
                worked = False
            if not worked:
                await asyncio.sleep(LOOK_EVERY)

    async def make_one(self) -> bool:
        """Make one snapshot; False when none waits."""
        async with self._database.session() as session:
            snapshot = await renderings.claim(session)
        if snapshot is None:
            return False
        with log_context.about(request_id=str(snapshot.id), snapshot=str(snapshot.id)):
            renewing = asyncio.create_task(self._renew(snapshot))
            try:
                await self._make(snapshot)
            finally:
                renewing.cancel()
        return True

    async def _renew(self, snapshot: Snapshot) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY)
            async with self._database.session() as session:
                await renderings.renew(session, snapshot.id)

    async def _make(self, snapshot: Snapshot) -> None:
        try:
            snapshot.watermark = await self._mark(snapshot)
            page, states, executed = await self._page(snapshot)
        except NotebookFailed as failure:
            await self._fail(snapshot, failure)
        except errors.NotehouseError as error:
            await self._later_or_fail(snapshot, error)
        except (DBAPIError, OSError):
            raise
        except Exception:
            # One page that cannot be drawn must not keep all others from being made.
            log.exception("a snapshot could not be drawn")
            told = "This page could not be drawn, which is our fault. An administrator finds why in the log."
            await self._fail(snapshot, NotebookFailed(None, "InternalError", told))
        else:
            key = await asyncio.to_thread(lambda: self._artifacts.put(packed(page)))
            kept = {
                "widget_states": await asyncio.to_thread(self._artifacts.put, states),
                "executed": await asyncio.to_thread(self._artifacts.put, executed),
            }
            kept |= thumbnails.kept_of(snapshot.cells)
            made = {"artifact": key, "bytes": len(page), "cells": kept, "watermark": snapshot.watermark}
            async with self._database.session() as session:
                await renderings.finish(session, snapshot, **made)
            SNAPSHOTS.labels("ready").inc()
            log.info("a snapshot is ready")

    async def _mark(self, snapshot: Snapshot) -> str:
        """The state of the tables that it is made from; that of a comparison is named by whoever asked for it."""
        if snapshot.watermark and snapshot.artifact is None:
            return snapshot.watermark
        return (await self._control.watermarks([(str(snapshot.version_id), snapshot.access_class)]))[0]

    async def _page(self, snapshot: Snapshot) -> tuple[bytes, bytes, bytes]:
        """The page, the states of its widgets as JSON, and the executed notebook."""
        dashboard = snapshot.version.dashboard
        source = await source_of(snapshot, self._artifacts)
        node = source.prepared()
        async with kernel_for(self._control, source) as kernel:
            client = await execute(
                kernel, node, self._settings.cell_timeout_seconds, lambda done, total: None
            )
            client.stop_channels()
        prefix = f"{DASHBOARDS_PREFIX}/{dashboard.tenant.slug}/{dashboard.slug}/"
        node = shown(node)
        executed = nbformat.writes(node).encode()  # type: ignore[no-untyped-call]
        page = await asyncio.to_thread(self._drawn, node, snapshot.version, prefix)
        return page.encode(), json.dumps(widget_states(node)).encode(), executed

    def _drawn(self, node: NotebookNode, version: DashboardVersion, prefix: str) -> str:
        """The page of an executed notebook; in a thread, since those who look at other pages would wait for it."""
        from notehouse_dashboards.renderer.page import NO_PLAN, render_page  # Voilà is slow to import

        plan = Plan.of_json(version.layout.get("plan")) or NO_PLAN
        title, template = version.dashboard.name, self._settings.page_template
        return asyncio.run(render_page(node, title, prefix, self._assets, plan, version.parameters, template))

    async def _fail(self, snapshot: Snapshot, failure: NotebookFailed) -> None:
        SNAPSHOTS.labels("failed").inc()
        log.info("a snapshot failed", extra={"cell": failure.cell})
        async with self._database.session() as session:
            await renderings.fail(session, snapshot, failure.as_error())

    async def _later_or_fail(self, snapshot: Snapshot, error: errors.NotehouseError) -> None:
        """What is away comes back: its lease runs out, and the snapshot is tried again."""
        log.warning("a snapshot was not made: %s", error.message, extra={"attempt": snapshot.attempt})
        if error.status < 500 or snapshot.attempt >= renderings.MOST_ATTEMPTS:
            await self._fail(snapshot, NotebookFailed(None, type(error).__name__, error.message))
        else:
            await asyncio.sleep(2)
            async with self._database.session() as session:
                await renderings.hand_back(session, snapshot.id)


async def source_of(snapshot: Snapshot, artifacts: ArtifactStore) -> Source:
    """What a snapshot is made of; its version must be loaded."""
    return Source(
        version_id=str(snapshot.version_id),
        notebook=await asyncio.to_thread(artifacts.get, snapshot.version.notebook),
        parameters=snapshot.parameters,
        parameters_hash=snapshot.parameters_hash,
        access_class=snapshot.access_class,
        made=snapshot.rendered_at.isoformat() if snapshot.rendered_at else "",
    )
