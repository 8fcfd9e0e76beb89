"""P1: the first view of a published dashboard, rights checked on every request, against Voilà with the same notebook."""

from __future__ import annotations

import asyncio
import html
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from benchmarks import load
from benchmarks.figures import Figure, Result, at_most, holds, times_better
from benchmarks.processes import command, cpu_seconds, family
from benchmarks.stage import Stage
from benchmarks.voila import complete, voila
from notehouse_core.paths import shared

PAGE = "/services/dashboards/united/punctuality"
VIEWERS, CONNECTIONS, SECONDS, PARTS = 20, 64, 10, 5
_FRAME = re.compile(rb'<iframe[^>]*\ssrc="([^"]+)"')


@dataclass(frozen=True)
class Views:
    """How many views were served, in which time, and for how much CPU of those who served them."""

    count: int
    seconds: float
    cpu: float

    @property
    def a_core(self) -> Figure:
        """Views a second that one core serves."""
        each = self.count / self.cpu
        return Figure(each, each, each, "views/s/core")


def measure(stage: Stage) -> list[Result]:
    """Measure ours under load, then Voilà with twenty viewers at once."""
    notebook = shared("notebooks") / "examples" / "punctuality.ipynb"
    stage.publish("united-analyst", "united:punctuality", notebook)
    kernels = _kernels(stage)
    spent, calm, failed, ours = _ours(stage)
    started = _kernels(stage) - kernels
    theirs = _voila(stage, notebook)
    stranger = stage.person("delta-analyst").get(PAGE).status_code
    # So many who ask again at once wait for each other, however quick an answer is: how long a view takes for a server
    # that is not at its limit is measured too.
    what = f"first views a second and core, against Voilà, {VIEWERS} viewers"
    return [
        times_better("P1", what, ours.a_core, theirs.a_core, 1000),
        at_most(
            "P1", f"p99 of a view (page and frame), {CONNECTIONS} who ask again at once", _p99(spent), 20
        ),
        at_most("P1", f"the same at half the rate, over {CONNECTIONS} connections", _p99(calm), 20),
        holds("P1", f"of {len(spent):,} views failed", f"{len(failed):,}", "none", not failed),
        holds("P1", "kernels started for it", str(started), "none", not started),
        holds(
            "P1", "answer to somebody of another tenant", str(stranger), "403 or 404", stranger in {403, 404}
        ),
    ]


def _kernels(stage: Stage) -> int:
    return sum("ipykernel" in command(one) for one in family(stage.process.pid))


def _p99(seconds: list[float]) -> Figure:
    """Of each part of the time: what else the machine does for a second is in one of them, and seen in the range."""
    size = len(seconds) // PARTS
    parts = [sorted(seconds[place * size : (place + 1) * size]) for place in range(PARTS)]
    return Figure.of((one[int(size * 0.99)] * 1000 for one in parts), "ms")


def _ours(stage: Stage) -> tuple[list[float], list[float], list[str], Views]:
    client = stage.person("united-viewer")
    client.get(PAGE).raise_for_status()  # logs in there
    stage.rest()
    request = client.build_request("GET", PAGE)
    headers = {"Cookie": request.headers["Cookie"], "Accept-Encoding": "gzip", "Accept": "text/html"}
    headers["Sec-Fetch-Mode"] = "navigate"  # as every browser says; who does not is logged as unsafe

    failed: list[str] = []

    async def view(connection: load.Connection) -> None:
        page = await connection.ask(PAGE, {**headers, "Accept-Encoding": "identity"})
        found = _FRAME.search(page.body)
        if page.status != 200 or found is None:
            failed.append(f"page {page.status}")
            return
        frame = await connection.ask(urljoin(PAGE, html.unescape(found[1].decode())), headers)
        if frame.status != 200 or len(frame.body) < 5000:
            failed.append(f"frame {frame.status}")

    asyncio.run(load.as_fast_as_it_goes(stage.url, 4, 1, view))  # to warm up
    failed.clear()
    before, began = cpu_seconds(stage.process.pid), time.perf_counter()
    spent = asyncio.run(load.as_fast_as_it_goes(stage.url, CONNECTIONS, SECONDS, view))
    took = time.perf_counter() - began
    used = cpu_seconds(stage.process.pid) - before
    views = Views(len(spent) - len(failed), took, used)
    half = len(spent) / took / 2
    calm = asyncio.run(load.at_a_rate(stage.url, half, SECONDS, view, CONNECTIONS))
    return spent, calm, failed, views


def _voila(stage: Stage, published: Path) -> Views:
    """Twenty viewers at once, each until their page is complete."""
    with voila(stage, published) as (url, pid):
        complete(url)  # to warm up
        before, began = cpu_seconds(pid), time.perf_counter()
        with ThreadPoolExecutor(VIEWERS) as pool:
            list(pool.map(complete, [url] * VIEWERS))
        took = time.perf_counter() - began
        return Views(VIEWERS, took, cpu_seconds(pid) - before)
