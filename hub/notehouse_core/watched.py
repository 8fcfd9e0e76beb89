"""How is this process? Health and metrics on a loopback port of its own, for processes that serve nothing else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

_PATIENCE = 3.0
_LINES = {200: "200 OK", 404: "404 Not Found", 503: "503 Service Unavailable"}
_JSON = "application/json"

Answer = tuple[int, str, bytes]
Page = Callable[[], Awaitable[Answer]]


async def serve(
    missing: Callable[[], Awaitable[list[str]]], port: int, host: str = "127.0.0.1"
) -> asyncio.Server:
    """Answer GET /health/live, /health/ready (ready while nothing is missing) and /metrics; nothing else is there."""

    async def ready() -> Answer:
        lacks = await missing()
        body = {"status": "not ready" if lacks else "ready", "missing": lacks}
        return 503 if lacks else 200, _JSON, json.dumps(body).encode()

    async def live() -> Answer:
        return 200, _JSON, b'{"status": "live"}'

    async def metrics() -> Answer:
        return 200, CONTENT_TYPE_LATEST, generate_latest()

    pages = {"/health/live": live, "/health/ready": ready, "/metrics": metrics}
    return await asyncio.start_server(lambda r, w: _answer(r, w, pages), host, port, limit=8192)


async def _answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pages: Mapping[str, Page]
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
