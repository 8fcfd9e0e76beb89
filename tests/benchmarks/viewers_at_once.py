"""VIEWERS: five hundred who open a dashboard at once, and two thousand snapshots a second, each reader's own class.

The dashboard shows how many rows its reader may see, so a page of another class is told from its reader's own.
"""

from __future__ import annotations

import asyncio
import html
import re
import time
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from urllib.parse import urljoin

import brotli
import httpx
import nbformat

from benchmarks import load
from benchmarks.figures import Figure, Result, at_most, holds
from benchmarks.processes import command, family
from benchmarks.stage import PASSWORD, Stage, folder, until

SLUG = "canary"
PAGE = f"/services/dashboards/united/{SLUG}"
AT_ONCE, CROWDS, A_SECOND, SECONDS, CONNECTIONS = 500, 5, 2000, 10, 64
NARROW = "narrow-reader"  # sees one month's rows
_CELL = 'rows = %sql SELECT count() AS n FROM flights\nprint(f"canary-{int(rows.n[0])}-canary")'
_ROLE = {
    "name": NARROW,
    "actions": ["view-dashboards"],
    "permissions": [
        {"data_source": "warehouse", "database": "flights", "table": "flights", "row_filter": "month = 2"}
    ],
}
_AS_BROWSERS = {"Accept-Encoding": "gzip, deflate, br, zstd"}
_FRAME = re.compile(r'<iframe[^>]*\ssrc="([^"]+)"')
_CANARY = re.compile(rb"canary-\d+-canary")


@dataclass(frozen=True)
class Reader:
    """Somebody with a page open: how they ask for it, for its frame, and what theirs says."""

    headers: dict[str, str]
    frame: str
    canary: bytes
    sent: bytes  # their frame as it is sent


def measure(stage: Stage) -> list[Result]:
    """Open the dashboard as many at once, then ask for snapshots as fast as they come."""
    _prepare(stage)
    readers = [_reader(stage, name) for name in ("united-viewer", NARROW)]
    if len({one.canary for one in readers}) != len(readers):
        raise ValueError("readers of different rows have the same page")
    stage.rest()
    before = _kernels(stage)
    crowds = [asyncio.run(_at_once(stage, readers)) for _ in range(CROWDS)]
    failed = sum(one for _, one in crowds)
    spent, wrong, took = asyncio.run(_snapshots(stage, readers))
    started = _kernels(stage) - before
    rate = len(spent) / took
    return [
        at_most("VIEWERS", f"p95 of {AT_ONCE} who open a dashboard at once, page and frame",
                _p95(*(spent for spent, _ in crowds)), 1000),
        holds("VIEWERS", "of them failed", str(failed), "none", not failed),
        holds("VIEWERS", "snapshots a second, one dashboard server", f"{rate:,.0f}/s", f"≥ {A_SECOND:,}/s",
              rate >= A_SECOND),
        at_most("VIEWERS", f"p95 of a snapshot at {CONNECTIONS} connections", _p95(spent), 150),
        holds("VIEWERS", f"of {len(spent):,} snapshots wrong or of another class", str(wrong), "none", not wrong),
        holds("VIEWERS", "kernels started for all of it", str(started), "none", not started),
    ]  # fmt: skip


def _p95(*each: list[float]) -> Figure:
    return Figure.of((sorted(seconds)[int(len(seconds) * 0.95)] * 1000 for seconds in each), "ms")


def _kernels(stage: Stage) -> int:
    return sum("ipykernel" in command(one) for one in family(stage.process.pid))


def _prepare(stage: Stage) -> None:
    """Publish the dashboard, and have a reader of fewer rows; both may be there from the last time."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(_CELL)])  # type: ignore[no-untyped-call]
    file = Path(folder()) / f"{SLUG}.ipynb"
    nbformat.write(notebook, file)  # type: ignore[no-untyped-call]
    with stage.api("admin") as api:
        _made(api.post("tenants/united/roles", json=_ROLE))
        _made(api.post("users", json={"username": NARROW, "tenant": "united", "role": NARROW}))
        api.post(f"users/{NARROW}/password", json={"password": PASSWORD}).raise_for_status()
    with stage.api("united-analyst") as api:
        _made(
            api.post(
                "dashboards", json={"tenant": "united", "slug": SLUG, "name": "Canary", "is_public": True}
            )
        )
    stage.publish("united-analyst", f"united:{SLUG}", file)


def _made(answer: httpx.Response) -> None:
    if answer.status_code != 409:
        answer.raise_for_status()


def _reader(stage: Stage, name: str) -> Reader:
    client = stage.person(name)
    until(lambda: bool(_FRAME.search(client.get(PAGE).raise_for_status().text)), 60, f"a page for {name}")
    found = _FRAME.search(client.get(PAGE).text)
    assert found is not None
    frame = urljoin(PAGE, html.unescape(found[1]))
    headers = {
        "Cookie": client.build_request("GET", PAGE).headers["Cookie"],
        "Accept": "text/html",
        "Sec-Fetch-Mode": "navigate",
    }
    sent = asyncio.run(_sent(stage, frame))
    canary = _CANARY.search(brotli.decompress(sent))
    if canary is None:
        raise ValueError(f"the page of {name} has no canary")
    return Reader(headers, frame, canary[0], sent)


async def _sent(stage: Stage, frame: str) -> bytes:
    connection = await load.Connection.to(stage.url)
    answer = await connection.ask(frame, _AS_BROWSERS)
    connection.close()
    return answer.body


async def _at_once(stage: Stage, readers: list[Reader]) -> tuple[list[float], int]:
    """Everybody connects first; then all ask for the page, and for its frame once they have that."""
    connections = [await load.Connection.to(stage.url) for _ in range(AT_ONCE)]
    failed = 0

    async def opens(connection: load.Connection, reader: Reader) -> float:
        nonlocal failed
        began = time.perf_counter()
        page = await connection.ask(PAGE, reader.headers)
        found = _FRAME.search(page.body.decode())
        frame = await connection.ask(urljoin(PAGE, html.unescape(found[1])) if found else PAGE, _AS_BROWSERS)
        failed += page.status != 200 or frame.body != reader.sent
        return time.perf_counter() - began

    pairs = zip(connections, cycle(readers), strict=False)
    spent = await asyncio.gather(*(opens(*one) for one in pairs))
    for one in connections:
        one.close()
    return list(spent), failed


async def _snapshots(stage: Stage, readers: list[Reader]) -> tuple[list[float], int, float]:
    """Ask the dashboard server itself; every reader in turn, on connections that they share."""
    url, turn, wrong = f"http://127.0.0.1:{stage.port + 5}", cycle(readers), 0

    async def visit(connection: load.Connection) -> None:
        nonlocal wrong
        reader = next(turn)
        frame = await connection.ask(reader.frame, _AS_BROWSERS)
        wrong += frame.status != 200 or frame.body != reader.sent

    await load.as_fast_as_it_goes(url, 8, 1, visit)
    wrong, began = 0, time.perf_counter()
    spent = await load.as_fast_as_it_goes(url, CONNECTIONS, SECONDS, visit)
    return spent, wrong, time.perf_counter() - began
