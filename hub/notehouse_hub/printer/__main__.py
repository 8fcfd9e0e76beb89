"""`python -m notehouse_hub.printer`: takes pages, answers PDFs and pictures; for the API and the worker alone."""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
from collections.abc import Awaitable, Callable

import uvicorn
from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, Histogram, generate_latest

from notehouse_core import log_context
from notehouse_core.errors import NotehouseError, TooLarge, Unauthenticated
from notehouse_core.logs import configure_logs
from notehouse_core.printing import KEY_HEADER, LARGEST_PAGE
from notehouse_core.settings import Settings, load_settings, required
from notehouse_hub.printer.chromium import pdf_of
from notehouse_hub.printer.screenshot import png_of, thumbnail_of

AT_ONCE = 2
log = logging.getLogger(__name__)

PRINTS = Histogram("notehouse_prints_seconds", "How long pages took to print", buckets=(1, 2, 5, 10, 30, 60))


def create_app(settings: Settings) -> FastAPI:
    """Return the application: a route a form, one key."""
    key = required(settings.printer_key, "printer_key")
    gate = asyncio.Semaphore(AT_ONCE)
    app = FastAPI(openapi_url=None)

    @app.get("/health/ready")
    async def ready() -> dict[str, str]:
        return {"status": "ready"}

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def printed(request: Request, make: Callable[[str], Awaitable[bytes]], kind: str) -> Response:
        if not hmac.compare_digest(request.headers.get(KEY_HEADER, "").encode(), key.encode()):
            raise Unauthenticated("The printer prints for the platform's own services.")
        log_context.begin(request_id=log_context.taken_over(request.headers.get(log_context.HEADER)))
        page = await _read(request)
        async with gate:
            with PRINTS.time():
                content = await make(page)
        log.info("a page was printed", extra={"characters": len(page), "bytes": len(content), "as": kind})
        return Response(content, media_type=kind)

    @app.post("/pdf")
    async def pdf(request: Request) -> Response:
        return await printed(request, pdf_of, "application/pdf")

    @app.post("/png")
    async def png(request: Request) -> Response:
        return await printed(request, png_of, "image/png")

    @app.post("/thumbnail")
    async def thumbnail(request: Request) -> Response:
        return await printed(request, thumbnail_of, "image/webp")

    @app.exception_handler(NotehouseError)
    async def refused(_: Request, error: NotehouseError) -> Response:
        log.warning("not printed: %s", error.message, extra={"status": error.status})
        return Response(error.message, status_code=error.status, media_type="text/plain; charset=utf-8")

    return app


async def _read(request: Request) -> str:
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > LARGEST_PAGE:
            raise TooLarge(
                f"A page of more than {LARGEST_PAGE // 2**20} MB is not printed. Export it as HTML."
            )
    return content.decode()


def main() -> None:
    """Serve until told to stop."""
    if os.geteuid() == 0:
        raise SystemExit(
            "The printer opens what authors wrote and never runs as root: start it as another user."
        )
    settings = load_settings()
    configure_logs(settings.log_level)
    uvicorn.run(
        create_app(settings),
        host=settings.bind,
        port=settings.printer_port,
        access_log=False,
        log_config=None,
    )


if __name__ == "__main__":
    main()
