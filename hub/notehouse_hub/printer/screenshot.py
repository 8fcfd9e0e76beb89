"""A page (HTML) as one picture (PNG), however long it is, by a Chromium that is told so over a pipe of its own."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import fcntl
import itertools
import json
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from notehouse_core.errors import Invalid, SourceTimeout
from notehouse_hub.printer.chromium import NO_SANDBOX, OPTIONS, POLICY, SECONDS, end, program

WIDTH, TALLEST = 1280, 16_000  # CSS pixels
CARD_WIDTH, CARD_HEIGHT, CARD_SCALE, QUALITY = 960, 420, 2 / 3, 70  # of a thumbnail: a page that can be read
_READ, _WRITE = 3, 4  # where Chromium looks for its pipe

# Prepares the window of a page (the browser, the page's session, the window's size); returns how to capture it.
_Take = Callable[["_Browser", str, dict[str, Any]], Awaitable[dict[str, Any]]]

log = logging.getLogger(__name__)


async def png_of(page: str) -> bytes:
    """Return a page as PNG, 1280 pixels wide. Raises Unavailable, SourceTimeout, or Invalid when there is none."""
    return await _picture_of(page, _whole)


async def thumbnail_of(page: str) -> bytes:
    """Return the top of a page as WebP, 640 x 280 pixels. Raises as `png_of` does."""
    return await _picture_of(page, _top)


async def _picture_of(page: str, take: _Take) -> bytes:
    with tempfile.TemporaryDirectory(prefix="picture-") as name:
        source = Path(name) / "page.html"
        source.write_text("<!doctype html>" + POLICY + page, encoding="utf-8")
        try:
            async with asyncio.timeout(SECONDS):
                try:
                    return await _taken(source.as_uri(), name, take)
                except _NoSandboxError:
                    # In a container that allows no namespaces this process' own user is the wall that is left.
                    log.warning("Chromium runs without its sandbox: this machine allows it none")
                    return await _taken(source.as_uri(), name, take, "--no-sandbox")
        except TimeoutError as error:
            raise SourceTimeout(
                f"No picture was made in {SECONDS:.0f} s. Export the page as HTML."
            ) from error


class _NoSandboxError(Exception):
    """The machine allows Chromium no sandbox."""


async def _taken(address: str, folder: str, take: _Take, *options: str) -> bytes:
    async with _browser(folder, *options) as browser:
        target = (await browser.call("Target.createTarget", url="about:blank"))["targetId"]
        attached = await browser.call("Target.attachToTarget", targetId=target, flatten=True)
        page = attached["sessionId"]
        await browser.call("Page.enable", page)
        size = {"width": WIDTH, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        await browser.call("Emulation.setDeviceMetricsOverride", page, **size)
        await browser.call("Page.navigate", page, url=address)
        await browser.event("Page.loadEventFired")
        picture = await browser.call("Page.captureScreenshot", page, **await take(browser, page, size))
        return base64.b64decode(picture["data"])


async def _whole(browser: _Browser, page: str, size: dict[str, Any]) -> dict[str, Any]:
    """Make the window as tall as the page."""
    metrics = await browser.call("Page.getLayoutMetrics", page)
    size["height"] = max(200, min(TALLEST, round(metrics["cssContentSize"]["height"])))
    await browser.call("Emulation.setDeviceMetricsOverride", page, **size)
    return {"format": "png"}


async def _top(browser: _Browser, page: str, size: dict[str, Any]) -> dict[str, Any]:
    """Make the window narrow, and take what a card has room for."""
    await browser.call("Emulation.setScrollbarsHidden", page, hidden=True)
    await browser.call("Emulation.setDeviceMetricsOverride", page, **{**size, "width": CARD_WIDTH})
    clip = {"x": 0, "y": 0, "width": CARD_WIDTH, "height": CARD_HEIGHT, "scale": CARD_SCALE}
    return {"format": "webp", "quality": QUALITY, "clip": clip}


class _Browser:
    """Chromium's DevTools protocol: JSON with a zero byte after it."""

    def __init__(self, reader: asyncio.StreamReader, write: int) -> None:
        self._reader, self._write, self._numbers = reader, write, itertools.count(1)
        self._happened: set[str] = set()

    async def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """Ask for something, and return what it answers."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while (answer := await self._next()).get("id") != number:
            pass
        if "error" in answer:
            raise Invalid("The browser could not make a picture of this page.")
        result: dict[str, Any] = answer["result"]
        return result

    async def event(self, method: str) -> None:
        """Wait until something has happened, if it has not yet."""
        while method not in self._happened:
            await self._next()

    async def _next(self) -> dict[str, Any]:
        try:
            message: dict[str, Any] = json.loads((await self._reader.readuntil(b"\0"))[:-1])
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise Invalid("The browser could not make a picture of this page.") from error
        self._happened.add(message.get("method", ""))
        return message


@contextlib.asynccontextmanager
async def _browser(folder: str, *options: str) -> AsyncIterator[_Browser]:
    """A Chromium that ends with the block. Raises _NoSandboxError."""
    to_browser, from_browser = os.pipe(), os.pipe()
    # Away from the numbers that they will have in the browser, so that none is written over.
    given = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, 10) for one in (to_browser[0], from_browser[1])]
    os.close(to_browser[0])
    os.close(from_browser[1])

    def connect() -> None:
        os.dup2(given[0], _READ)
        os.dup2(given[1], _WRITE)

    process = await asyncio.create_subprocess_exec(
        program(),
        *OPTIONS,
        *options,
        f"--user-data-dir={folder}/profile",
        "--remote-debugging-pipe",
        "--no-startup-window",  # the one that it would open dies with the first message
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ.get("PATH", os.defpath), "HOME": folder, "LANG": "C.UTF-8"},
        start_new_session=True,
        preexec_fn=connect,
        pass_fds=(_READ, _WRITE),
    )
    for one in given:
        os.close(one)
    reader = asyncio.StreamReader(limit=256 * 2**20)
    pipe = os.fdopen(from_browser[0], "rb", 0)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    try:
        yield _Browser(reader, to_browser[1])
    except (Invalid, BrokenPipeError) as error:
        end(process.pid)
        said = (await process.stderr.read()).decode(errors="replace") if process.stderr else ""
        if "--no-sandbox" not in options and any(words in said for words in NO_SANDBOX):
            raise _NoSandboxError from error
        log.error("no picture was made: %s", said[-500:])
        raise Invalid("The browser could not make a picture of this page.") from error
    finally:
        transport.close()
        os.close(to_browser[1])
        end(process.pid)
        await process.wait()
