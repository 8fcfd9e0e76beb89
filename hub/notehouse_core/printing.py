"""PDFs and pictures of pages that authors wrote: made by the printer, a process that holds no secret."""

from __future__ import annotations

import httpx

from notehouse_core import errors, log_context
from notehouse_core.settings import Settings, required

KEY_HEADER = "X-Notehouse-Printer-Key"
LARGEST_PAGE = 32 * 2**20  # bytes
_SECONDS = 150.0  # a page may wait for others
_BY_STATUS: dict[int, type[errors.NotehouseError]] = {
    kind.status: kind for kind in (errors.Invalid, errors.TooLarge, errors.Unavailable, errors.SourceTimeout)
}


async def pdf_of(page: str, settings: Settings) -> bytes:
    """Return a page (HTML that needs nothing else) as PDF. Raises Invalid, TooLarge, Unavailable or SourceTimeout."""
    return await _printed(page, "pdf", settings)


async def png_of(page: str, settings: Settings) -> bytes:
    """Return a page (HTML that needs nothing else) as one picture. Raises as `pdf_of` does."""
    return await _printed(page, "png", settings)


async def thumbnail_of(page: str, settings: Settings) -> bytes:
    """Return the top of a page as a small picture (WebP, 640 by 280 pixels). Raises as `pdf_of` does."""
    return await _printed(page, "thumbnail", settings)


async def _printed(page: str, form: str, settings: Settings) -> bytes:
    headers = {KEY_HEADER: required(settings.printer_key, "printer_key"), **log_context.passed_on()}
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=_SECONDS) as client:
            answer = await client.post(f"{settings.printer}/{form}", content=page.encode(), headers=headers)
    except httpx.TransportError as error:
        raise errors.Unavailable("The printer does not answer. Try again in a few seconds.") from error
    if answer.status_code != 200:
        raise _BY_STATUS.get(answer.status_code, errors.Unavailable)(answer.text[:300])
    return answer.content
