"""Events of usage on their way to ClickHouse: in batches, never in the path of a request, and none lost at a clean stop."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from notehouse_core import log_context
from notehouse_core.settings import Settings

EVERY = 2.0  # seconds
BATCH = 1000
MOST_WAITING = 20_000  # events in memory while ClickHouse is away; what is beyond goes into a file

Event = tuple[str, str]  # its table, and its row as JSON

log = logging.getLogger(__name__)


class UsageWriter:
    """Takes events and sends them; one a process. `spill` is the file for what cannot be sent."""

    def __init__(self, settings: Settings, spill: Path) -> None:
        self._http = httpx.AsyncClient(
            base_url=settings.clickhouse,
            headers=settings.clickhouse_headers(),
            timeout=10,
            trust_env=False,
        )
        self._spill = spill
        self._waiting: deque[Event] = deque(_read(spill))
        self._task: asyncio.Task[None] | None = None

    def add(self, table: str, *, tenant: str, user: str, **facts: Any) -> None:
        """Take an event of now; answers at once."""
        time = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        row = {"time": time, "tenant": tenant, "user": user, **facts}
        self._waiting.append((table, json.dumps(row)))  # now, not a thousand in one go while requests wait

    def dashboard_event(
        self,
        event: str,
        user: str,
        *,
        tenant: str,
        dashboard: str,
        version: int,
        access_class: str,
        seconds: float,
        detail: str = "",
    ) -> None:
        """Take what somebody did with a dashboard: view, filter, live, export or csv."""
        self.add(
            "dashboard_events",
            tenant=tenant,
            user=user,
            event=event,
            dashboard=dashboard,
            version=version,
            access_class=access_class,
            milliseconds=round(seconds * 1000),
            detail=detail,
            request_id=log_context.request_id(),
        )

    def start(self) -> None:
        """Begin to send."""
        self._task = asyncio.create_task(self._for_ever())

    async def close(self) -> None:
        """Send what is there; what cannot be sent now is kept in the file, and sent by the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._send_all()
        await self._http.aclose()
        if self._waiting:
            await asyncio.to_thread(_append, self._spill, list(self._waiting))

    async def _for_ever(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            await self._send_all()
            if len(self._waiting) > MOST_WAITING:
                events = [self._waiting.popleft() for _ in range(len(self._waiting))]
                await asyncio.to_thread(_append, self._spill, events)

    async def _send_all(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            failed = await self._failed(batch)
            left = [one for one in batch if one[0] in failed]
            if left:
                self._waiting.extendleft(reversed(left))
                return

    async def _failed(self, batch: list[Event]) -> set[str]:
        """Send a batch, a table at a time; the tables that did not take theirs."""
        failed = set()
        for table in sorted({name for name, _ in batch}):
            lines = "\n".join(line for name, line in batch if name == table)
            query = {"query": f"INSERT INTO notehouse.{table} FORMAT JSONEachRow"}
            try:
                answer = await self._http.post("/", params=query, content=lines.encode())
                answer.raise_for_status()
            except httpx.HTTPError as error:
                log.warning("events of usage wait: %s", type(error).__name__)
                failed.add(table)
        return failed


def _append(spill: Path, events: list[Event]) -> None:
    with spill.open("a") as file:
        file.writelines(f"[{json.dumps(table)}, {line}]\n" for table, line in events)


def _read(spill: Path) -> list[Event]:
    """What an earlier process could not send; the file is gone afterwards."""
    if not spill.exists():
        return []
    events = [json.loads(line) for line in spill.read_text().splitlines()]
    spill.unlink()
    return [(str(table), json.dumps(row)) for table, row in events]
