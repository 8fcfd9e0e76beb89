"""P3, P4: from the touch of a page to its widget's answer, through the dashboard server; what fifty live pages hold.

Against Voilà with the same notebook: twenty viewers at once, and the memory of a few, since fifty need six gigabytes.
"""

from __future__ import annotations

import asyncio
import html
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.figures import Figure, Result, at_most, holds, ratio, times_better
from benchmarks.processes import command, family, megabytes
from benchmarks.stage import Stage
from benchmarks.voila import complete, voila
from notehouse_core.paths import shared
from notehouse_dashboards.live.wire import PROTOCOL, Message, decode, encode

PAGE = "/services/dashboards/united/punctuality"
NOTEBOOK = shared("notebooks") / "examples" / "punctuality.ipynb"
IN_A_ROW, ALIVE, AT_ONCE, VOILA_ALIVE = 100, 50, 20, 8
TOGETHER = 2  # that come live at the same moment, on two cores
_FRAME = re.compile(r'<iframe[^>]*\ssrc="([^"]+)"')
_STATES = re.compile(r'widget-state\+json">(.*?)</script>', re.DOTALL)


@dataclass
class OpenPage:
    """A page as a viewer has it open: where its live socket is, and its slider."""

    address: str
    token: str
    slider: str
    answer: str
    told: list[float] = field(default_factory=list)

    async def touch(self, value: int) -> ClientConnection:
        """Touch the slider and wait for the notebook's answer; the seconds go into `told`."""
        began = time.perf_counter()
        protocols: Any = [PROTOCOL, f"notehouse.token.{self.token}"]
        socket = await connect(self.address, subprotocols=protocols, max_size=None, proxy=None)
        while (said := await socket.recv()) and not (
            isinstance(said, str) and json.loads(said)["state"] == "ready"
        ):
            pass
        await socket.send(encode(_moved(self.slider, value)))
        while True:
            said = await asyncio.wait_for(socket.recv(), 60)
            if isinstance(said, bytes) and _answers(decode(said), self.answer):
                break
        self.told.append(time.perf_counter() - began)
        return socket


def measure(stage: Stage) -> list[Result]:
    """Come live one after another, then stay fifty at once; Voilà the same."""
    stage.publish("united-analyst", "united:punctuality", NOTEBOOK)
    page = _opened(stage)
    asyncio.run(_in_a_row(page, 2))  # to warm up
    page.told.clear()
    asyncio.run(_in_a_row(page, IN_A_ROW))
    late = Figure.of([sorted(page.told)[int(IN_A_ROW * 0.95)] * 1000], "ms")
    each = Figure.of([one * 1000 for one in page.told], "ms")
    rate, memory = asyncio.run(_alive(stage, page))
    complete, theirs, held = _voila(stage)
    return [
        at_most("P3", f"touch to the notebook's answer, p95 of {IN_A_ROW} in a row", late, 500),
        ratio("P3", "touch to the notebook's answer, against Voilà's page", each, complete, 0.1),
        times_better("P3", f"pages that come live a second, {ALIVE} and {AT_ONCE} at once", rate, theirs, 10),
        ratio("P4", f"memory a live page, {ALIVE} alive, template and server included", memory, held, 0.25),
        holds("P4", "pages alive at once", str(ALIVE), str(ALIVE), met=True),
    ]  # fmt: skip


def _opened(stage: Stage) -> OpenPage:
    client = stage.person("united-viewer")
    found = _FRAME.search(client.get(PAGE).raise_for_status().text)
    if found is None:
        raise ValueError("the page shows no dashboard")
    frame = urljoin(PAGE, html.unescape(found[1]))
    states = _STATES.search(client.get(frame).text)
    if states is None:
        raise ValueError("the page has no widgets")
    models = json.loads(states[1])["state"]
    slider, answer = (
        next(one for one, model in models.items() if model["model_name"] == name)
        for name in ("IntSliderModel", "HTMLModel")
    )
    address = f"{stage.url}{PAGE}/live/api/kernels/page/channels".replace("http", "ws", 1)
    return OpenPage(address, parse_qs(urlsplit(frame).query)["token"][0], slider, answer)


async def _in_a_row(page: OpenPage, times: int) -> None:
    for number in range(times):
        await (await page.touch(20 + 5 * (number % 10))).close()


async def _alive(stage: Stage, page: OpenPage) -> tuple[Figure, Figure]:
    """Return how many come live a second, and what each holds of memory while all are."""
    idle = _held(stage)
    few, began = asyncio.Semaphore(TOGETHER), time.perf_counter()

    async def one(number: int) -> ClientConnection:
        async with few:
            return await page.touch(20 + 5 * (number % 10))

    sockets = await asyncio.gather(*map(one, range(ALIVE)))
    rate = ALIVE / (time.perf_counter() - began)
    held = (_held(stage) - idle) / ALIVE
    await asyncio.gather(*(socket.close() for socket in sockets))
    return Figure.of([rate], "pages/s"), Figure.of([held], "MB")


def _held(stage: Stage) -> float:
    """Memory of the dashboard server and of every process of gateways: what is shared is divided among who shares it."""
    mine = [one for one in family(stage.process.pid) if "notehouse_dashboards" in command(one)]
    hub = [one for one in _all() if "notehouse_gateway" in command(one) or "ipykernel" in command(one)]
    return sum(map(_megabytes, {*mine, *hub}))


def _all() -> list[int]:
    return list(family(1))


def _megabytes(pid: int) -> float:
    try:
        return megabytes(pid)
    except (OSError, StopIteration):
        return 0.0


def _moved(model: str, value: int) -> Message:
    header = {
        "msg_id": uuid4().hex,
        "msg_type": "comm_msg",
        "username": "",
        "session": "bench",
        "date": "",
        "version": "5.3",
    }
    data = {"method": "update", "state": {"value": value}, "buffer_paths": []}
    return Message("shell", header, {"comm_id": model, "data": data}, {}, {})


def _answers(message: Message, model: str) -> bool:
    content = message.content
    return (
        message.type == "comm_msg"
        and content.get("comm_id") == model
        and "value" in content["data"].get("state", {})
    )


def _voila(stage: Stage) -> tuple[Figure, Figure, Figure]:
    """A page alone in milliseconds, pages a second with many at once, and megabytes of each of a few."""
    with voila(stage, NOTEBOOK) as (url, pid):
        complete(url)  # to warm up
        before = sum(map(_megabytes, family(pid)))
        alone = Figure.of([complete(url) * 1000 for _ in range(VOILA_ALIVE)], "ms")
        held = (sum(map(_megabytes, family(pid))) - before) / VOILA_ALIVE
        began = time.perf_counter()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(complete, [url] * AT_ONCE))
        return alone, Figure.of([AT_ONCE / (time.perf_counter() - began)], "pages/s"), Figure.of([held], "MB")
