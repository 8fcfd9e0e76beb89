"""How is this worker? Its health and its metrics, on a loopback port of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, Counter, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from notehouse_core.store.database import Database

RUNS = Counter("notehouse_worker_runs_total", "Runs that ended, by state", ["state"])
LOOKS = Counter("notehouse_worker_alert_looks_total", "Looks at alerts, by what was found", ["state"])
DELIVERIES = Counter("notehouse_worker_deliveries_total", "Messages, by how it ended", ["kind", "outcome"])

_PATIENCE = 3.0
_LINES = {200: "200 OK", 404: "404 Not Found", 503: "503 Service Unavailable"}

Answer = tuple[int, str, bytes]


async def serve(database: Database, port: int) -> asyncio.Server:
    """Answer GET /health/live, /health/ready and /metrics; nothing else is there."""

    async def ready() -> Answer:
        there = await _answers(database)
        return (200, "application/json", b'{"status": "ready", "missing": []}') if there else _NOT_READY

    async def live() -> Answer:
        return 200, "application/json", b'{"status": "live"}'

    async def metrics() -> Answer:
        return 200, CONTENT_TYPE_LATEST, generate_latest()

    pages = {"/health/live": live, "/health/ready": ready, "/metrics": metrics}
    return await asyncio.start_server(lambda r, w: _answer(r, w, pages), "127.0.0.1", port, limit=8192)


_NOT_READY: Answer = (503, "application/json", b'{"status": "not ready", "missing": ["database"]}')


async def _answers(database: Database) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE), database.session() as session:
            await session.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError, TimeoutError):
        return False
    return True


async def _answer(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    pages: Mapping[str, Callable[[], Awaitable[Answer]]],
) -> None:
    """Answer one request and close."""
    try:
        async with asyncio.timeout(_PATIENCE):
            head = await reader.readuntil(b"\r\n\r\n")
        page = pages.get(head.split(b" ", 2)[1].decode("latin-1"))
        status, kind, body = await page() if page else (404, "text/plain", b"")
        lines = (
            f"HTTP/1.1 {_LINES[status]}",
            f"Content-Type: {kind}",
            f"Content-Length: {len(body)}",
            "Connection: close",
        )
        writer.write("\r\n".join((*lines, "", "")).encode() + body)
        await writer.drain()
    except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, IndexError):
        return  # no request that makes sense, or nobody waits for its answer
    finally:
        writer.close()
